#Requires -Version 5.1
<#
.SYNOPSIS
Deletes the network watcher that Azure made because of the cluster, where that is safe.
.DESCRIPTION
After teardown.ps1: deletes the network watcher that appeared in the cluster's region since
deploy.ps1 noted how watchers stood, if no network is left in that region and nothing uses the
watcher; and NetworkWatcherRG, if it was not there before and is empty. Else it says why the
watcher stays. With rsac-infra where it is on the PATH (or RSAC_INFRA names it), else with az.
.PARAMETER Location
With az: only this region's [default: each that was noted].
.PARAMETER ResourceGroup
The cluster's group, which must be gone [default: rsac-azure].
.PARAMETER Az
Use az although rsac-infra is there.
.PARAMETER Yes
Do not ask.
#>
[CmdletBinding()]
param(
    [string] $Location,
    [string] $ResourceGroup,
    [switch] $Az,
    [switch] $Yes,
    [switch] $Help
)
. (Join-Path $PSScriptRoot 'lib/Common.ps1')
. (Join-Path $PSScriptRoot 'lib/Az.ps1')
. (Join-Path $PSScriptRoot 'lib/Watcher.ps1')
if ($Help) { Get-Help -Detailed $PSCommandPath; exit 0 }

$tool = Get-Tool $Az
if ($tool) {
    if ($Location) {
        Stop-Script $UsageError "-Location ${Location}: rsac-infra sees to each region that was noted" 'leave it out, or -Az'
    }
    # The word would take the cluster down as well; here the two are apart.
    $stacks = & $tool --quiet --output json stacks
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
    if (($stacks -join "`n").Contains('"provider":"azure"')) {
        Stop-Script $Conflict 'the cluster is still there' 'teardown.ps1 first; `rsac-infra stacks` shows it'
    }
    $words = @('down', '--with-network-watcher')
    if ($Yes) { $words += '--yes' }
    & $tool @words
    exit $LASTEXITCODE
}

Connect-Az
$state = Get-StateFolder
if (-not $ResourceGroup) { $ResourceGroup = $DefaultGroup }
if (Test-Group $ResourceGroup) {
    Stop-Script $Conflict "resource group $ResourceGroup is still there" 'teardown.ps1 first'
}
$records = @(Get-Item -Path (Join-Path $state 'network-watchers/*.json') -ErrorAction SilentlyContinue |
        Where-Object {
            $region = (Read-Record $_.FullName).location
            -not $Location -or (Get-PlainRegion $region) -ceq (Get-PlainRegion $Location)
        })
if ($records.Count -eq 0) {
    Stop-Script $NotFound "there is no record of network watchers in $(Join-Path $state 'network-watchers'): none is deleted" `
        'az network watcher list shows those there are; az network watcher configure --locations REGION --enabled false deletes one'
}
foreach ($file in $records) {
    $region = (Read-Record $file.FullName).location
    Confirm-Deletion "Delete the network watcher of $region, where that is safe?" $Yes
    Remove-Watcher $state $file.FullName
}
