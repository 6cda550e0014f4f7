# The network watcher that Azure makes behind one's back, by way of az: the record of how
# watchers stood before, in rsac-infra's own form and place, and its removal by the same rule
# (provisioner/src/provider/azure/watcher/). Dot-sourced after Az.ps1.

$NetworkApi = '2024-05-01'
$WatchersGroup = 'NetworkWatcherRG'
$MustRead = @(
    'Microsoft.Network/virtualNetworks/read'
    'Microsoft.Network/networkWatchers/read'
    'Microsoft.Network/networkWatchers/flowLogs/read'
    'Microsoft.Network/networkWatchers/connectionMonitors/read'
    'Microsoft.Network/networkWatchers/packetCaptures/read'
    'Microsoft.Authorization/locks/read'
)

function Get-RecordPath([string] $State, [string] $Location) {
    $name = "$(Get-Part $Cloud)_$(Get-Part $Subscription)_$(Get-Part $Location).json"
    return Join-Path (Join-Path $State 'network-watchers') $name
}

function Read-Record([string] $Path) {
    $record = $null
    try { $record = Get-Content -Raw -LiteralPath $Path | ConvertFrom-Json } catch { $record = $null }
    $whole = $record -and (Get-Field $record 'version') -eq 1 -and
        $record.PSObject.Properties['watchers'] -and $null -ne $record.watchers -and
        (Get-Field $record 'groupExisted') -is [bool] -and (Get-Field $record 'location') -is [string] -and
        (Get-Field $record 'subscription') -is [string] -and (Get-Field $record 'cloud') -is [string]
    if (-not $whole) {
        Stop-Script $ProviderError "the record of network watchers $Path cannot be read" `
            'look at it; without it the watcher stays'
    }
    return $record
}

# Whether an open record of this subscription, of any region, says that the watchers' group was
# not there before. One that cannot be read says nothing.
function Test-KnownAbsent([string] $State) {
    $files = @(Get-Item -Path (Join-Path $State 'network-watchers/*.json') -ErrorAction SilentlyContinue)
    foreach ($file in $files) {
        try { $record = Get-Content -Raw -LiteralPath $file.FullName | ConvertFrom-Json } catch { continue }
        if ($record -and (Get-Field $record 'version') -eq 1 -and (Get-Field $record 'cloud') -ceq $Cloud -and
            (Get-Field $record 'subscription') -ieq $Subscription -and (Get-Field $record 'groupExisted') -eq $false) {
            return $true
        }
    }
    return $false
}

# Another stack of this machine in that region, in words; nothing where there is none. While it
# is being made, nothing in Azure would keep the watcher for it. What cannot be read may be there.
# (provisioner/src/provider/azure/watcher/neighbour.rs)
function Get-Neighbour([string] $State, [string] $Owning, [string] $Location) {
    $here = Get-PlainRegion $Location
    $files = @(Get-Item -Path (Join-Path $State 'stacks/*/stack.json'),
        (Join-Path $State "az/$(Get-Part $Cloud)_*/deployment.json") -ErrorAction SilentlyContinue)
    foreach ($file in $files) {
        $read = $null
        try { $read = Get-Content -Raw -LiteralPath $file.FullName | ConvertFrom-Json } catch { $read = $null }
        if (-not $read) { return "$($file.FullName), which cannot be read," }
        if ($file.Name -ceq 'stack.json') {
            $azure = Get-Field (Get-Field $read 'place') 'azure'
            if (-not $azure) { continue }
            $cloudThere = Get-Field $azure 'cloud'
            if ($cloudThere -and $cloudThere -cne $Cloud) { continue }
            $there = Get-Field (Get-Field $azure 'parameters') 'location'
            if (-not $there) { $there = 'uksouth' }
            $owner = Get-Field $azure 'subscription'
            $name = "stack $(Get-Field $read 'name')"
        } else {
            $there = Get-Field $read 'location'
            $owner = Get-Field $read 'subscription'
            if (-not $there -or -not $owner) { return "$($file.FullName), which cannot be read," }
            $name = "resource group $(Get-Field $read 'resourceGroup') of deploy.ps1"
        }
        if ($owner -ieq $Owning -and (Get-PlainRegion ([string] $there)) -ceq $here) { return $name }
    }
    return $null
}

# Records how watchers stand, unless an open record says how they stood earlier.
function Save-Watchers([string] $State, [string] $Location, [string] $Run) {
    $path = Get-RecordPath $State $Location
    if (Test-Path -LiteralPath $path) {
        Read-Record $path | Out-Null
        return
    }
    $root = "/subscriptions/$Subscription/providers"
    $watchers = Get-AzList "$root/Microsoft.Network/networkWatchers" $NetworkApi 'the network watchers cannot be listed'
    # What came with the first of our regions was there before none of them: who is the last
    # deletes it.
    $existed = (Test-Group $WatchersGroup) -and -not (Test-KnownAbsent $State)
    # A feature turns their making off; who may not read it does not know.
    $made = $null
    $url = "$root/Microsoft.Features/providers/Microsoft.Network/features/DisableNetworkWatcherAutocreation?api-version=2021-07-01"
    $answer = & az rest --method get --url $url --output json --only-show-errors
    if ($LASTEXITCODE -eq 0) {
        $feature = Get-Field (($answer -join "`n") | ConvertFrom-Json) 'properties'
        $made = (Get-Field $feature 'state') -ne 'Registered'
    }
    $record = [ordered]@{
        version = 1; cloud = $Cloud; subscription = $Subscription; location = $Location
        stack = $Stack; run = $Run; recordedAt = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()
        watchers = @($watchers | ForEach-Object { $_.id }); groupExisted = $existed; madeByAzure = $made
    }
    Write-Private $path ($record | ConvertTo-Json)
}

# Whether an action's pattern, in which * stands for anything, covers an action.
function Test-Covers([string] $Pattern, [string] $Action) {
    return $Action -imatch ('^' + [regex]::Escape($Pattern).Replace('\*', '.*') + '$')
}

function Get-Unreadable($Permissions) {
    return @($MustRead | Where-Object {
            $action = $_
            $given = $Permissions | Where-Object {
                $permission = $_
                @(Get-Field $permission 'actions' | Where-Object { $_ -and (Test-Covers $_ $action) }).Count -gt 0 -and
                @(Get-Field $permission 'notActions' | Where-Object { $_ -and (Test-Covers $_ $action) }).Count -eq 0
            }
            @($given).Count -eq 0
        })
}

# Whether a scope is that of the id, or above it.
function Test-Holds([string] $Scope, [string] $Id) {
    $scope = $Scope.TrimEnd('/').ToLowerInvariant()
    $id = $Id.TrimEnd('/').ToLowerInvariant()
    return $id -ceq $scope -or $id.StartsWith("$scope/", [StringComparison]::Ordinal)
}

# What becomes of a region's watcher: Verdict (nothing, delete, keep), Watcher, Why, Before.
function Get-Verdict($Record, [string] $Location) {
    $root = "/subscriptions/$($Record.subscription)/providers"
    $unseen = "how the network watcher of $Location stands cannot be seen: it stays"
    $here = Get-PlainRegion $Location
    $isHere = { (Get-PlainRegion ([string](Get-Field $_ 'location'))) -ceq $here }
    $permissions = Get-AzList "$root/Microsoft.Authorization/permissions" '2022-04-01' $unseen
    $watchers = Get-AzList "$root/Microsoft.Network/networkWatchers" $NetworkApi $unseen
    $watcher = $watchers | Where-Object $isHere | Select-Object -First 1
    if (-not $watcher) { return @{ Verdict = 'nothing' } }
    $id = $watcher.id
    $before = @($Record.watchers | Where-Object { $_ -and $_.TrimEnd('/') -ieq $id.TrimEnd('/') }).Count -gt 0
    $keep = { param($why) @{ Verdict = 'keep'; Watcher = $id; Why = $why; Before = $before } }
    if ($before) { return & $keep 'it was there before the cluster' }
    if ($id -inotmatch "/resourceGroups/$WatchersGroup/") {
        return & $keep "somebody made it: it is not in $WatchersGroup"
    }
    $unreadable = @(Get-Unreadable $permissions)
    if ($unreadable.Count -gt 0) {
        return & $keep ("what else uses it cannot be seen: this caller may not " +
            "$($unreadable -join ', ') in the whole subscription")
    }
    $networks = Get-AzList "$root/Microsoft.Network/virtualNetworks" $NetworkApi $unseen
    $networks = @($networks | Where-Object $isHere)
    if ($networks.Count -gt 0) {
        return & $keep "networks are left in the region: $(($networks | ForEach-Object { $_.id }) -join ', ')"
    }
    $children = foreach ($kind in 'flowLogs', 'connectionMonitors', 'packetCaptures') {
        Get-AzList "$id/$kind" $NetworkApi $unseen | ForEach-Object { $_ }
    }
    $children = @($children | Where-Object { $null -ne $_ })
    if ($children.Count -gt 0) {
        return & $keep "it is in use: $(($children | ForEach-Object { $_.id }) -join ', ')"
    }
    $locks = Get-AzList "$root/Microsoft.Authorization/locks" '2020-05-01' $unseen
    $locks = @($locks | Where-Object {
            Test-Holds (($_.id -isplit '/providers/microsoft.authorization/locks')[0]) $id
        })
    if ($locks.Count -gt 0) {
        return & $keep "it is locked: $(($locks | ForEach-Object { $_.id }) -join ', ')"
    }
    return @{ Verdict = 'delete'; Watcher = $id }
}

function Close-Record([string] $State, [string] $Path) {
    Remove-Item -Force -LiteralPath $Path
    Remove-IfEmpty (Join-Path $State 'network-watchers')
    Remove-IfEmpty $State
}

# Deletes the watcher of a record, if that is safe.
function Remove-Watcher([string] $State, [string] $Path) {
    $record = Read-Record $Path
    $location = $record.location
    if ($record.cloud -ne $Cloud) {
        Stop-Script $Conflict "the record $Path is of another cloud than az is set to" 'az cloud set --name NAME'
    }
    $other = Get-Neighbour $State $record.subscription $location
    if ($other) {
        Write-Note ("Kept the network watcher of ${location}: $other is in that region too; " +
            'teardown-nw.ps1 after the last one sees to it')
        return
    }
    for ($looks = 0; ; $looks++) {
        $answer = Get-Verdict $record $location
        switch ($answer.Verdict) {
            'nothing' {
                if ((Get-Field $record 'madeByAzure') -eq $false -or $looks -ge 12) {
                    Close-Record $State $Path
                    Write-Note "Kept nothing: $location has no network watcher"
                    return
                }
                Write-Note "no network watcher yet in $location; one can appear late"
                Start-Sleep -Seconds 10
            }
            'keep' {
                if ($answer.Before) { Close-Record $State $Path }
                Write-Note ("Kept the network watcher of ${location}: $($answer.Why); whoever knows better can run " +
                    "``az network watcher configure --locations $location --enabled false --subscription $($record.subscription)``")
                return
            }
            'delete' {
                Invoke-Az @('resource', 'delete', '--ids', $answer.Watcher, '--api-version', $NetworkApi, '--output', 'none') `
                    "the network watcher $($answer.Watcher) cannot be deleted" | Out-Null
                Write-Note "Deleted $($answer.Watcher)"
                Remove-WatchersGroup $record
                Close-Record $State $Path
                return
            }
        }
    }
}

# The group goes if it was not there before and nothing is in it.
function Remove-WatchersGroup($Record) {
    if ($Record.groupExisted -ne $false) { return }
    $script:Subscription = $Record.subscription
    if (-not (Test-Group $WatchersGroup)) { return }
    $id = "/subscriptions/$($Record.subscription)/resourceGroups/$WatchersGroup"
    $left = Get-AzList "$id/resources" '2021-04-01' "$WatchersGroup cannot be listed: it stays"
    $locks = Get-AzList "$id/providers/Microsoft.Authorization/locks" '2020-05-01' `
        "the locks of $WatchersGroup cannot be listed: it stays"
    if ($left.Count -gt 0 -or $locks.Count -gt 0) { return }
    Invoke-Az @('group', 'delete', '--name', $WatchersGroup, '--subscription', $Record.subscription, '--yes', '--output', 'none') `
        "$WatchersGroup, which is empty, cannot be deleted" | Out-Null
    Write-Note "Deleted $id"
}
