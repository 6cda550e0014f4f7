# What deploy, teardown and teardown-nw share: how they say and fail, where state is kept, and
# whether rsac-infra or az does the work. Dot-sourced first. The bash scripts beside these do
# the same, in the same files.
Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

# The stack's name, and the group that rsac-infra would take for it.
$Stack = 'azure'
$DefaultGroup = 'rsac-azure'

# Exit codes are those of rsac-infra.
$UsageError = 2; $BadInput = 3; $NotFound = 4; $Conflict = 5; $ProviderError = 7; $StateError = 8

function Write-Note([string] $Text) {
    [Console]::Error.WriteLine($Text)
}

function Stop-Script([int] $Code, [string] $What, [string] $Remedy) {
    Write-Note "error: $What"
    Write-Note "  $Remedy"
    exit $Code
}

# Where rsac-infra keeps its state, by the same rules.
function Get-StateFolder {
    if ($env:RSAC_STATE_DIR) { return $env:RSAC_STATE_DIR }
    if ($env:XDG_STATE_HOME -and [IO.Path]::IsPathRooted($env:XDG_STATE_HOME)) {
        return Join-Path $env:XDG_STATE_HOME 'rsac'
    }
    return Join-Path $HOME '.local/state/rsac'
}

# The rsac-infra that does the work; nothing where az does it.
function Get-Tool([bool] $UseAz) {
    if ($UseAz) { return $null }
    if ($env:RSAC_INFRA) {
        if (-not (Get-Command $env:RSAC_INFRA -CommandType Application -ErrorAction SilentlyContinue)) {
            Stop-Script $UsageError "RSAC_INFRA $($env:RSAC_INFRA): there is no such program" 'unset it, or -Az'
        }
        return $env:RSAC_INFRA
    }
    if (Get-Command 'rsac-infra' -CommandType Application -ErrorAction SilentlyContinue) { return 'rsac-infra' }
    return $null
}

# Whoever sits there says y, or -Yes was given.
function Confirm-Deletion([string] $Question, [bool] $Yes) {
    if ($Yes) { return }
    if ([Console]::IsInputRedirected) {
        Stop-Script $UsageError 'this deletes, and nobody is there to ask' '-Yes'
    }
    if ((Read-Host "$Question [y/N]") -notin 'y', 'yes') {
        Stop-Script 1 'everything stays as it is' 'y, or -Yes'
    }
}

# The whole file or none of it, for its owner alone; UTF-8 without a mark, as rsac-infra reads it.
function Write-Private([string] $Path, [string] $Text) {
    $folder = Split-Path -Parent $Path
    [IO.Directory]::CreateDirectory($folder) | Out-Null
    $next = "$Path.next"
    [IO.File]::WriteAllText($next, '')
    if ([Environment]::OSVersion.Platform -eq 'Unix') {
        & chmod 700 $folder
        & chmod 600 $next
    }
    [IO.File]::WriteAllText($next, "$Text`n")
    Move-Item -Force -LiteralPath $next -Destination $Path
}

function Remove-IfEmpty([string] $Folder) {
    if ((Test-Path -LiteralPath $Folder) -and -not (Get-ChildItem -Force -LiteralPath $Folder)) {
        Remove-Item -LiteralPath $Folder
    }
}

# A region as Azure's ids have it: "UK South" is uksouth.
function Get-PlainRegion([string] $Region) {
    return $Region.Replace(' ', '').ToLowerInvariant()
}

function New-RandomId {
    $bytes = New-Object byte[] 8
    $source = [Security.Cryptography.RandomNumberGenerator]::Create()
    $source.GetBytes($bytes)
    $source.Dispose()
    return -join ($bytes | ForEach-Object { $_.ToString('x2') })
}
