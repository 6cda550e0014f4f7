#Requires -Version 5.1
<#
.SYNOPSIS
Makes the cluster that bicep/main.bicep declares on Azure, and nothing on it.
.DESCRIPTION
With rsac-infra where it is on the PATH (or RSAC_INFRA names it): `rsac-infra up --provider
azure --only cluster`; else with az. teardown.ps1 takes it down.
.PARAMETER ResourceGroup
The group to make it in [default: rsac-azure].
.PARAMETER Location
The region [default: the parameters'].
.PARAMETER Parameters
Values for the template [default: bicep/parameters.json].
.PARAMETER SshPublicKey
A public RSA key for the nodes [default: one that is made and kept].
.PARAMETER OverwriteExisting
Replace an entry of the same name in the kubeconfig.
.PARAMETER Az
Use az although rsac-infra is there.
.PARAMETER Yes
Nothing is asked; deploy asks nothing but what az does.
#>
[CmdletBinding()]
param(
    [string] $ResourceGroup,
    [string] $Location,
    [string] $Parameters,
    [string] $SshPublicKey,
    [switch] $OverwriteExisting,
    [switch] $Az,
    [switch] $Yes,
    [switch] $Help
)
. (Join-Path $PSScriptRoot 'lib/Common.ps1')
. (Join-Path $PSScriptRoot 'lib/Az.ps1')
. (Join-Path $PSScriptRoot 'lib/Watcher.ps1')
if ($Help) { Get-Help -Detailed $PSCommandPath; exit 0 }
$root = Split-Path -Parent (Split-Path -Parent $PSScriptRoot)
if (-not $Parameters) { $Parameters = Join-Path $root 'bicep/parameters.json' }
if (-not (Test-Path -LiteralPath $Parameters)) {
    Stop-Script $BadInput "-Parameters $Parameters cannot be read" 'bicep/parameters.json is one to copy'
}

$tool = Get-Tool $Az
if ($tool) {
    $words = @('up', '--provider', 'azure', '--only', 'cluster', '--parameters', $Parameters)
    if ($ResourceGroup) { $words += '--resource-group', $ResourceGroup }
    if ($Location) { $words += '--location', $Location }
    if ($SshPublicKey) { $words += '--ssh-public-key', $SshPublicKey }
    if ($OverwriteExisting) { $words += '--overwrite-existing' }
    & $tool @words
    exit $LASTEXITCODE
}

Connect-Az
$state = Get-StateFolder
if (-not $ResourceGroup) { $ResourceGroup = $DefaultGroup }
$file = Get-Content -Raw -LiteralPath $Parameters | ConvertFrom-Json
function Get-Parameter([string] $Name) { return Get-Field (Get-Field $file.parameters $Name) 'value' }
if (-not $Location) { $Location = Get-Parameter 'location' }
$Location = if ($Location) { Get-PlainRegion $Location } else { 'uksouth' }
$cluster = Get-Parameter 'clusterName'
if (-not $cluster) { $cluster = 'rsac' }
$kept = Get-DeploymentFolder $state $ResourceGroup
$note = Join-Path $kept 'deployment.json'

# The group is ours or not there: teardown deletes it whole.
$id = if (Test-Path -LiteralPath $note) { Read-Id $note } else { $null }
if (Test-Group $ResourceGroup) {
    $there = Invoke-Az @('group', 'show', '--name', $ResourceGroup, '--subscription', $Subscription, '--output', 'json') `
        "resource group $ResourceGroup cannot be read" | ConvertFrom-Json
    $owner = Get-Tag $there 'rsac-stack'
    if (-not $owner -or $owner -cne $id) {
        Stop-Script $Conflict "resource group $ResourceGroup is there, and was not made by this script from here" `
            'take another -ResourceGroup'
    }
}
if (-not $id) { $id = New-RandomId }
$run = New-RandomId

Write-Note "Noting the network watchers of subscription $Subscription"
Save-Watchers $state $Location $run
# Before the first request that costs: what it makes is found again.
Write-Private $note ([ordered]@{
        version = 1; id = $id; resourceGroup = $ResourceGroup; clusterName = $cluster
        location = $Location; subscription = $Subscription
    } | ConvertTo-Json)

if ($SshPublicKey) {
    $key = (Get-Content -Raw -LiteralPath $SshPublicKey).Trim()
} elseif (Get-Parameter 'sshRSAPublicKey') {
    $key = Get-Parameter 'sshRSAPublicKey'
} else {
    $private = Join-Path $kept 'ssh-key'
    if (-not (Test-Path -LiteralPath "$private.pub")) {
        # Windows PowerShell drops an empty argument, and hands two quotes through.
        $none = if ($PSVersionTable.PSVersion.Major -lt 7) { '""' } else { '' }
        & ssh-keygen -q -t rsa -b 3072 -N $none -C rsac -f $private
        if ($LASTEXITCODE -ne 0) {
            Stop-Script $ProviderError 'an SSH key for the nodes cannot be made' '-SshPublicKey FILE'
        }
    }
    $key = (Get-Content -Raw -LiteralPath "$private.pub").Trim()
}
if (-not $key.StartsWith('ssh-rsa ')) {
    Stop-Script $BadInput "the SSH key is none of AKS's: $($key.Split(' ')[0])" 'an ssh-rsa public key'
}

# What the run adds goes by a file: quotes do not survive the way to az in every PowerShell.
$values = [ordered]@{}
foreach ($property in $file.parameters.PSObject.Properties) { $values[$property.Name] = $property.Value }
$values['location'] = @{ value = $Location }
$values['sshRSAPublicKey'] = @{ value = $key }
$values['tags'] = @{ value = [ordered]@{ 'rsac-stack' = $id; 'rsac-stack-name' = $Stack; 'rsac-run' = $run } }
$given = Join-Path $kept 'parameters.json'
Write-Private $given ([ordered]@{
        '$schema' = 'https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#'
        contentVersion = '1.0.0.0'; parameters = $values
    } | ConvertTo-Json -Depth 10)

$onward = "deploy.ps1 again goes on; teardown.ps1 -ResourceGroup $ResourceGroup removes what there is"
Write-Note "Making resource group $ResourceGroup in $Location"
Invoke-Az @('group', 'create', '--name', $ResourceGroup, '--location', $Location, '--subscription', $Subscription,
    '--output', 'none', '--tags', "rsac-stack=$id", "rsac-stack-name=$Stack", "rsac-run=$run") `
    "resource group $ResourceGroup cannot be made" $onward | Out-Null
Write-Note "Making cluster $cluster; this takes some minutes"
Invoke-Az @('deployment', 'group', 'create', '--resource-group', $ResourceGroup, '--subscription', $Subscription,
    '--name', "rsac-$id", '--output', 'none', '--template-file', (Join-Path $root 'bicep/main.bicep'),
    '--parameters', "@$given") 'the cluster cannot be made' $onward | Out-Null
Write-Note "Adding $cluster to the kubeconfig"
$words = @('aks', 'get-credentials', '--resource-group', $ResourceGroup, '--name', $cluster, '--subscription', $Subscription)
if ($OverwriteExisting) { $words += '--overwrite-existing' }
Invoke-Az $words 'the cluster is there, and its kubeconfig cannot be had' $onward | Out-Null
Write-Note "Made cluster $cluster in resource group $ResourceGroup; kubectl's current context is $cluster"
