# Azure by way of az: who is signed in, lists read to their last page, and what this machine
# remembers of a cluster that deploy made. Dot-sourced after Common.ps1.

# Runs az. Its answer as text; the end where it fails, unless that is told to be fine.
function Invoke-Az([string[]] $Words, [string] $What, [string] $Remedy = "see az's error") {
    $answer = & az @Words
    if ($LASTEXITCODE -ne 0) { Stop-Script $ProviderError $What $Remedy }
    return ($answer -join "`n")
}

# Sets Subscription and Cloud of whoever is signed in.
function Connect-Az {
    if (-not (Get-Command 'az' -ErrorAction SilentlyContinue)) {
        Stop-Script $ProviderError 'neither rsac-infra nor az is installed' `
            'cargo install --path provisioner/rsac-infra, or https://learn.microsoft.com/cli/azure/install-azure-cli'
    }
    $account = Invoke-Az @('account', 'show', '--output', 'json') 'az is not signed in' 'az login' | ConvertFrom-Json
    $script:Subscription = if ($env:AZURE_SUBSCRIPTION_ID) { $env:AZURE_SUBSCRIPTION_ID } else { $account.id }
    if (-not $script:Subscription) {
        Stop-Script $ProviderError 'az has no current subscription' 'az account set --subscription ID'
    }
    $script:Cloud = switch ($account.environmentName) {
        'AzureCloud' { 'public' }
        'AzureUSGovernment' { 'government' }
        'AzureChinaCloud' { 'china' }
        default { Stop-Script $ProviderError 'az is set to a cloud that rsac does not know' 'az cloud set --name AzureCloud' }
    }
}

# A field of an object that may not have it.
function Get-Field($Object, [string] $Name) {
    if ($null -eq $Object) { return $null }
    $property = $Object.PSObject.Properties[$Name]
    if ($null -eq $property) { return $null }
    return $property.Value
}

# All items of a list, to its last page. A list that cannot be read ends the script: it must
# never pass for an empty one.
function Get-AzList([string] $Path, [string] $ApiVersion, [string] $What) {
    $url = "${Path}?api-version=$ApiVersion"
    $all = New-Object System.Collections.Generic.List[object]
    while ($url) {
        # On Windows az is a batch file, to which & means another command.
        $given = if ([Environment]::OSVersion.Platform -ne 'Unix' -and $url.Contains('&')) { "`"$url`"" } else { $url }
        $text = Invoke-Az @('rest', '--method', 'get', '--url', $given, '--output', 'json') $What
        $page = $text | ConvertFrom-Json
        if ($null -eq $page -or $null -eq $page.PSObject.Properties['value']) {
            Stop-Script $ProviderError $What "az's answer is no list"
        }
        foreach ($item in @($page.value)) { if ($null -ne $item) { $all.Add($item) } }
        $url = Get-Field $page 'nextLink'
    }
    # The comma keeps a list of one, or none, a list.
    return , $all.ToArray()
}

function Test-Group([string] $Name) {
    $answer = Invoke-Az @('group', 'exists', '--name', $Name, '--subscription', $Subscription, '--output', 'tsv') `
        "az does not say whether resource group $Name exists"
    switch ($answer.Trim()) {
        'true' { return $true }
        'false' { return $false }
        default { Stop-Script $ProviderError "az group exists --name ${Name}: $answer is neither true nor false" 'see to az' }
    }
}

# A text as a part of a file's name.
function Get-Part([string] $Text) {
    return $Text.ToLowerInvariant() -creplace '[^a-z0-9-]', '_'
}

# The folder of what deploy made by way of az: its stack's id and SSH key.
function Get-DeploymentFolder([string] $State, [string] $Group) {
    $name = "$(Get-Part $Cloud)_$(Get-Part $Subscription)_$(Get-Part $Group)"
    return Join-Path (Join-Path $State 'az') $name
}

function Read-Id([string] $Path) {
    return Get-Field (Get-Content -Raw -LiteralPath $Path | ConvertFrom-Json) 'id'
}

# Whether the stack of that id was made from this machine, here or by rsac-infra.
function Test-Known([string] $State, [string] $Id) {
    $files = @(Get-Item -Path (Join-Path $State 'az/*/deployment.json'), (Join-Path $State 'stacks/*/stack.json') `
            -ErrorAction SilentlyContinue)
    foreach ($file in $files) { if ((Read-Id $file.FullName) -ceq $Id) { return $true } }
    return $false
}

# A resource's tag. Its name varies in case, and PowerShell compares names without.
function Get-Tag($Resource, [string] $Name) {
    return Get-Field (Get-Field $Resource 'tags') $Name
}
