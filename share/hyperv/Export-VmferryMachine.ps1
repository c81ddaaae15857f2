#Requires -Version 5.1
#Requires -Modules Hyper-V
<#
.SYNOPSIS
    Writes the facts of Hyper-V machines as JSON, for vmferry to read beside their disks.
.DESCRIPTION
    Makes NAME.hyperv.json for each machine. It changes nothing on the host, and needs the rights of a Hyper-V administrator.
    Shut the machines down first. Then put the file into the folder of their disks, or into the folder that Export-VM has made,
    and run: vmferry inspect FOLDER
    The format is described by schemas/hyperv.schema.json of vmferry.
.PARAMETER Name
    Names of the machines; each must be one machine's name, letter for letter but for upper and lower case.
.PARAMETER Destination
    Folder for the files; the present one unless you give another.
.PARAMETER Export
    Also exports each machine with its disks into the destination, and puts the file there.
.EXAMPLE
    .\Export-VmferryMachine.ps1 -Name web, db -Destination D:\Out -Export
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true, Position = 0)]
    [string[]] $Name,
    [string] $Destination = '.',
    [switch] $Export
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# A property's value; $null where this version of Hyper-V has no such property.
function Get-Fact {
    param($Object, [string] $Property)
    if ($null -eq $Object) {
        return $null
    }
    $found = $Object.PSObject.Properties[$Property]
    if ($null -eq $found) {
        return $null
    }
    return $found.Value
}

# The same as text, as for words of a list; $null for nothing and for an empty text.
function Get-Word {
    param($Object, [string] $Property)
    $value = Get-Fact -Object $Object -Property $Property
    if ($null -eq $value) {
        return $null
    }
    $text = [string] $value
    if ($text -eq '') {
        return $null
    }
    return $text
}

function Test-Cmdlet {
    param([string] $Command)
    return $null -ne (Get-Command -Name $Command -ErrorAction SilentlyContinue)
}

# An image and what it is based on.
function Get-Chain {
    param([string] $Path)
    $images = @()
    $next = $Path
    while (($next -ne '') -and ($images.Count -lt 64)) {
        $vhd = $null
        try {
            $vhd = Get-VHD -Path $next
        } catch {
            Write-Warning -Message ('{0} could not be looked at: {1}' -f $next, $_)
        }
        $images += [ordered]@{
            path      = $next
            format    = Get-Word -Object $vhd -Property 'VhdFormat'
            type      = Get-Word -Object $vhd -Property 'VhdType'
            sizeBytes = Get-Fact -Object $vhd -Property 'Size'
        }
        $next = [string] (Get-Fact -Object $vhd -Property 'ParentPath')
    }
    return $images
}

function Get-Drive {
    param($Vm)
    $drives = @()
    $found = @(Get-VMHardDiskDrive -VM $Vm) + @(Get-VMDvdDrive -VM $Vm)
    foreach ($drive in @($found | Sort-Object -Property ControllerType, ControllerNumber, ControllerLocation)) {
        $path = Get-Word -Object $drive -Property 'Path'
        $media = Get-Word -Object $drive -Property 'DvdMediaType'
        $number = Get-Fact -Object $drive -Property 'DiskNumber'
        $device = 'disk'
        $through = $null
        $chain = @()
        if ($null -ne $media) {
            $device = 'dvd'
            if ($media -eq 'PassThrough') {
                $through = $path
                $path = $null
            }
        } elseif ($null -ne $number) {
            $through = '\\.\PHYSICALDRIVE{0}' -f $number
            $path = $null
        } elseif ($null -ne $path) {
            $chain = @(Get-Chain -Path $path)
        }
        $drives += [ordered]@{
            device             = $device
            controllerType     = [string] $drive.ControllerType
            controllerNumber   = $drive.ControllerNumber
            controllerLocation = $drive.ControllerLocation
            path               = $path
            host               = $through
            shared             = $true -eq (Get-Fact -Object $drive -Property 'SupportPersistentReservations')
            chain              = $chain
        }
    }
    if ($Vm.Generation -eq 1) {
        $path = Get-Word -Object (Get-VMFloppyDiskDrive -VM $Vm) -Property 'Path'
        if ($null -ne $path) {
            $drives += [ordered]@{
                device             = 'floppy'
                controllerType     = 'Floppy'
                controllerNumber   = 0
                controllerLocation = 0
                path               = $path
                host               = $null
                shared             = $false
                chain              = @()
            }
        }
    }
    return $drives
}

function Get-Adapter {
    param($Vm)
    $switches = @(Get-VMSwitch)
    $adapters = @()
    foreach ($adapter in @(Get-VMNetworkAdapter -VM $Vm)) {
        $type = $null
        foreach ($candidate in $switches) {
            if ($candidate.Id -eq $adapter.SwitchId) {
                $type = [string] $candidate.SwitchType
                # The switch that Windows 10 and 11 bring along: it translates addresses.
                if ([string] $candidate.Id -eq 'c08cb7b8-9b3c-408e-8e30-5e16a3aeb444') {
                    $type = 'Nat'
                }
            }
        }
        $vlan = $null
        $setting = Get-VMNetworkAdapterVlan -VMNetworkAdapter $adapter
        if ([string] $setting.OperationMode -ne 'Untagged') {
            $vlan = [ordered]@{
                mode     = [string] $setting.OperationMode
                accessId = $setting.AccessVlanId
                nativeId = $setting.NativeVlanId
                allowed  = Get-Word -Object $setting -Property 'AllowedVlanIdListString'
            }
        }
        $mac = Get-Word -Object $adapter -Property 'MacAddress'
        if ($mac -eq '000000000000') {
            $mac = $null
        }
        $adapters += [ordered]@{
            name       = [string] $adapter.Name
            legacy     = [bool] $adapter.IsLegacy
            'switch'   = Get-Word -Object $adapter -Property 'SwitchName'
            switchType = $type
            mac        = $mac
            macDynamic = [bool] $adapter.DynamicMacAddressEnabled
            vlan       = $vlan
        }
    }
    return $adapters
}

function Get-Boot {
    param($Vm, $Firmware)
    $found = @(Get-VMHardDiskDrive -VM $Vm) + @(Get-VMDvdDrive -VM $Vm)
    $drives = @($found | Sort-Object -Property ControllerType, ControllerNumber, ControllerLocation)
    $adapters = @(Get-VMNetworkAdapter -VM $Vm)
    $order = @()
    foreach ($source in @($Firmware.BootOrder)) {
        $device = Get-Fact -Object $source -Property 'Device'
        $drive = $null
        $adapter = $null
        for ($i = 0; $i -lt $drives.Count; $i++) {
            if ($drives[$i].Id -eq (Get-Fact -Object $device -Property 'Id')) {
                $drive = $i
            }
        }
        for ($i = 0; $i -lt $adapters.Count; $i++) {
            if ($adapters[$i].Id -eq (Get-Fact -Object $device -Property 'Id')) {
                $adapter = $i
            }
        }
        $order += [ordered]@{
            type        = [string] $source.BootType
            drive       = $drive
            adapter     = $adapter
            description = Get-Word -Object $source -Property 'Description'
        }
    }
    return $order
}

function Get-Machine {
    param($Vm)
    $filter = "VirtualSystemIdentifier = '{0}' AND VirtualSystemType = 'Microsoft:Hyper-V:System:Realized'" -f $Vm.Id
    $setting = Get-CimInstance -Namespace 'root\virtualization\v2' -ClassName 'Msvm_VirtualSystemSettingData' -Filter $filter
    $processor = Get-VMProcessor -VM $Vm
    $memory = Get-VMMemory -VM $Vm
    $startup = $null
    $firmware = $null
    if ($Vm.Generation -eq 1) {
        $startup = @()
        foreach ($word in @((Get-VMBios -VM $Vm).StartupOrder)) {
            $startup += [string] $word
        }
    } else {
        $efi = Get-VMFirmware -VM $Vm
        $firmware = [ordered]@{
            secureBoot         = [string] $efi.SecureBoot -eq 'On'
            secureBootTemplate = Get-Word -Object $efi -Property 'SecureBootTemplate'
            bootOrder          = @(Get-Boot -Vm $Vm -Firmware $efi)
        }
    }
    $security = $null
    if (Test-Cmdlet -Command 'Get-VMSecurity') {
        $found = Get-VMSecurity -VM $Vm
        $security = [ordered]@{
            tpm      = [bool] $found.TpmEnabled
            shielded = [bool] $found.Shielded
        }
    }
    $ports = @()
    foreach ($number in @(1, 2)) {
        $ports += [ordered]@{
            number = $number
            path   = Get-Word -Object (Get-VMComPort -VM $Vm -Number $number) -Property 'Path'
        }
    }
    $checkpoints = @()
    foreach ($point in @(Get-VMSnapshot -VM $Vm)) {
        $checkpoints += [ordered]@{
            name    = [string] $point.Name
            created = $point.CreationTime.ToUniversalTime().ToString('o')
        }
    }
    $partitions = 0
    if (Test-Cmdlet -Command 'Get-VMGpuPartitionAdapter') {
        $partitions = @(Get-VMGpuPartitionAdapter -VM $Vm).Count
    }
    $off = @()
    foreach ($service in @(Get-VMIntegrationService -VM $Vm)) {
        # The guest service interface is off unless somebody wants it.
        if ((-not $service.Enabled) -and ([string] $service.Id -notlike '*6C09BB55-D683-4DA0-8931-C9BF705F6480*')) {
            $off += [string] $service.Name
        }
    }
    return [ordered]@{
        name                   = [string] $Vm.Name
        id                     = [string] $Vm.Id
        biosGuid               = Get-Word -Object $setting -Property 'BIOSGUID'
        generation             = $Vm.Generation
        version                = Get-Word -Object $Vm -Property 'Version'
        notes                  = Get-Word -Object $Vm -Property 'Notes'
        state                  = [string] $Vm.State
        processors             = [ordered]@{
            count          = $processor.Count
            nested         = Get-Fact -Object $processor -Property 'ExposeVirtualizationExtensions'
            threadsPerCore = Get-Fact -Object $processor -Property 'HwThreadCountPerCore'
        }
        memory                 = [ordered]@{
            startupBytes = $memory.Startup
            dynamic      = [bool] $memory.DynamicMemoryEnabled
            minimumBytes = $memory.Minimum
            maximumBytes = $memory.Maximum
        }
        startupOrder           = $startup
        firmware               = $firmware
        security               = $security
        scsiControllers        = @(Get-VMScsiController -VM $Vm).Count
        drives                 = @(Get-Drive -Vm $Vm)
        networkAdapters        = @(Get-Adapter -Vm $Vm)
        comPorts               = $ports
        checkpoints            = $checkpoints
        gpuPartitions          = $partitions
        startAction            = Get-Word -Object $Vm -Property 'AutomaticStartAction'
        startDelaySeconds      = $Vm.AutomaticStartDelay
        stopAction             = Get-Word -Object $Vm -Property 'AutomaticStopAction'
        integrationServicesOff = $off
    }
}

foreach ($wanted in $Name) {
    $found = @(Get-VM | Where-Object -Property 'Name' -EQ -Value $wanted)
    if ($found.Count -ne 1) {
        throw '{0} machines are called {1}; one is needed' -f $found.Count, $wanted
    }
    $vm = $found[0]
    if ([string] $vm.State -ne 'Off') {
        Write-Warning -Message ('{0} is {1}: shut it down before its disks are copied, and collect it again.' -f $vm.Name, $vm.State)
    }
    $document = [ordered]@{
        schema    = 'vmferry/hyperv@1'
        host      = [ordered]@{
            name       = Get-Word -Object $vm -Property 'ComputerName'
            powershell = [string] $PSVersionTable.PSVersion
            module     = [string] (Get-Module -Name 'Hyper-V').Version
        }
        collected = (Get-Date).ToUniversalTime().ToString('o')
        machine   = Get-Machine -Vm $vm
    }
    $folder = (Resolve-Path -LiteralPath $Destination).ProviderPath
    if ($Export) {
        Export-VM -VM $vm -Path $folder
        $folder = Join-Path -Path $folder -ChildPath $vm.Name
    }
    $file = Join-Path -Path $folder -ChildPath ('{0}.hyperv.json' -f ($vm.Name -replace '[\\/:*?"<>|]', '_'))
    $json = ConvertTo-Json -InputObject $document -Depth 8
    [System.IO.File]::WriteAllText($file, $json, (New-Object -TypeName 'System.Text.UTF8Encoding' -ArgumentList $false))
    Get-Item -LiteralPath $file
}
