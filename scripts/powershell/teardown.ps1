#Requires -Version 5.1
<#
.SYNOPSIS
Takes down the cluster that deploy.ps1 or `rsac-infra up` made.
.DESCRIPTION
Deletes its resource group, with rsac-infra where it is on the PATH (or RSAC_INFRA names it),
else with az. A group that rsac did not make, or that is locked, is refused. teardown-nw.ps1
sees to the network watcher afterwards.
.PARAMETER ResourceGroup
The group [default: rsac-azure, or the stack's].
.PARAMETER Force
Although others have things in the group.
.PARAMETER Adopt
With az: although the group was made from another machine.
.PARAMETER Az
Use az although rsac-infra is there.
.PARAMETER Yes
Do not ask.
#>
[CmdletBinding()]
param(
    [string] $ResourceGroup,
    [switch] $Force,
    [switch] $Adopt,
    [switch] $Az,
    [switch] $Yes,
    [switch] $Help
)
. (Join-Path $PSScriptRoot 'lib/Common.ps1')
. (Join-Path $PSScriptRoot 'lib/Az.ps1')
if ($Help) { Get-Help -Detailed $PSCommandPath; exit 0 }

$tool = Get-Tool $Az
if ($tool) {
    # A group may be of a stack that is not remembered here, and of one that is.
    $words = if ($ResourceGroup) { @('down', '--adopt', $ResourceGroup) } else { @('--stack', $Stack, 'down') }
    if ($Force) { $words += '--force' }
    if ($Yes) { $words += '--yes' }
    & $tool @words
    exit $LASTEXITCODE
}

Connect-Az
$state = Get-StateFolder
if (-not $ResourceGroup) { $ResourceGroup = $DefaultGroup }
$kept = Get-DeploymentFolder $state $ResourceGroup

function Clear-Kept {
    if (Test-Path -LiteralPath $kept) { Remove-Item -Recurse -Force -LiteralPath $kept }
    Remove-IfEmpty (Join-Path $state 'az')
    Remove-IfEmpty $state
}

if (-not (Test-Group $ResourceGroup)) {
    if (-not (Test-Path -LiteralPath (Join-Path $kept 'deployment.json'))) {
        Stop-Script $NotFound "there is no resource group $ResourceGroup in subscription $Subscription" `
            "-ResourceGroup NAME; az group list --tag rsac-stack shows rsac's"
    }
    Clear-Kept
    Write-Note "Resource group $ResourceGroup is gone"
    exit 0
}

$there = Invoke-Az @('group', 'show', '--name', $ResourceGroup, '--subscription', $Subscription, '--output', 'json') `
    "resource group $ResourceGroup cannot be read" | ConvertFrom-Json
$id = Get-Tag $there 'rsac-stack'
if (-not $id) {
    Stop-Script $Conflict "resource group $ResourceGroup was not made by rsac: it stays" 'take another -ResourceGroup'
}
if (-not $Adopt -and -not (Test-Known $state $id)) {
    Stop-Script $Conflict ("resource group $ResourceGroup was made from another machine, " +
        "for stack $(Get-Tag $there 'rsac-stack-name') ($id)") '-Adopt, if it is yours'
}
$scope = "/subscriptions/$Subscription/resourceGroups/$ResourceGroup"
$locks = Get-AzList "$scope/providers/Microsoft.Authorization/locks" '2020-05-01' `
    "the locks of resource group $ResourceGroup cannot be listed"
if ($locks.Count -gt 0) {
    Stop-Script $Conflict "locks forbid the deletion: $(($locks | ForEach-Object { $_.id }) -join ', ')" `
        'whoever set them may remove them'
}
$resources = Get-AzList "$scope/resources" '2021-04-01' "what is in resource group $ResourceGroup cannot be listed"
$foreign = @($resources | Where-Object { (Get-Tag $_ 'rsac-stack') -cne $id })
if ($foreign.Count -gt 0 -and -not $Force) {
    Stop-Script $Conflict ("resource group $ResourceGroup has what rsac did not make: " +
        "$(($foreign | ForEach-Object { $_.id }) -join ', ')") 'move it away; or -Force deletes it with the group'
}

Write-Note "resource group $ResourceGroup"
$resources | ForEach-Object { Write-Note "  $($_.id)" }
$clusters = Invoke-Az @('aks', 'list', '--resource-group', $ResourceGroup, '--subscription', $Subscription, '--output', 'json') `
    "the clusters of resource group $ResourceGroup cannot be listed" | ConvertFrom-Json
$clusters = @($clusters | Where-Object { $null -ne $_ })
Confirm-Deletion "Delete resource group $ResourceGroup with all that is in it?" $Yes

Write-Note 'Deleting; this takes some minutes'
Invoke-Az @('group', 'delete', '--name', $ResourceGroup, '--subscription', $Subscription, '--yes', '--output', 'none') `
    "resource group $ResourceGroup cannot be deleted" "see az's error, and try again" | Out-Null
$left = @(@($ResourceGroup) + @($clusters | ForEach-Object { Get-Field $_ 'nodeResourceGroup' }) |
        Where-Object { $_ -and (Test-Group $_) })
if ($left.Count -gt 0) {
    Stop-Script $ProviderError "still there: $($left -join ' ')" 'teardown.ps1 again, after some minutes'
}
Write-Note "Deleted resource group $ResourceGroup"

# What az added to the kubeconfig, by the names that it gives.
if (Get-Command 'kubectl' -ErrorAction SilentlyContinue) {
    foreach ($cluster in $clusters) {
        $name = $cluster.name
        $user = "clusterUser_${ResourceGroup}_$name"
        $view = ((& kubectl config view --output json) -join "`n") | ConvertFrom-Json
        $context = @(Get-Field $view 'contexts') | Where-Object { $_ -and $_.name -ceq $name } | Select-Object -First 1
        if (-not $context -or (Get-Field $context.context 'user') -cne $user) { continue }
        & kubectl config delete-context $name | Out-Null
        & kubectl config delete-cluster $name | Out-Null
        & kubectl config delete-user $user | Out-Null
    }
} else {
    Write-Note 'Kept the entry of the kubeconfig: there is no kubectl to take it out'
}
Clear-Kept
if (Test-Path -LiteralPath (Join-Path $state 'network-watchers')) {
    Write-Note 'Kept the network watcher that Azure may have made: teardown-nw.ps1 sees to it'
}
