// The cluster that `rsac-infra up --provider azure` makes: the one declaration of it.
// It is complete by itself: `az deployment group create` takes it as it is.
// Ranges and defaults of the settings are here and nowhere else.
targetScope = 'resourceGroup'

@description('Name of the cluster.')
@minLength(1)
@maxLength(63)
param clusterName string = 'rsac'

@description('Azure region of the cluster.')
@minLength(1)
param location string = 'uksouth'

@description('First part of the API server\'s host name: letters, digits and hyphens.')
@minLength(1)
@maxLength(54)
param dnsPrefix string = clusterName

@description('Disk of each node in GB; 0 leaves it to the VM size.')
@minValue(0)
@maxValue(1023)
param osDiskSizeGB int = 0

@description('Number of nodes.')
@minValue(1)
@maxValue(50)
param agentCount int = 2

@description('VM size of the nodes.')
@minLength(1)
param agentVMSize string = 'Standard_B2s'

@description('User name for SSH on the nodes.')
@minLength(1)
param linuxAdminUsername string = 'azureuser'

@description('Public key for SSH on the nodes: ssh-rsa AAAA…')
@minLength(1)
param sshRSAPublicKey string

@description('Number of spot nodes for workers, beside the others; 0 for none.')
@minValue(0)
@maxValue(50)
param spotWorkers int = 0

// Azure has no spot machines of the B series.
@description('VM size of the spot nodes; not of the B series.')
@minLength(1)
param spotVMSize string = 'Standard_D2s_v3'

@description('Tags of the cluster, which AKS passes on to what it makes for it.')
param tags object = {}

// A system pool cannot be spot, so the cluster always has this one.
var systemPool = {
  name: 'agentpool'
  type: 'VirtualMachineScaleSets'
  osDiskSizeGB: osDiskSizeGB
  count: agentCount
  vmSize: agentVMSize
  osType: 'Linux'
  mode: 'System'
}

// AKS sets label and taint itself; named here, they are part of the declaration. The price
// is left out, which means: up to the price of a regular machine.
var spotPool = {
  name: 'spot'
  type: 'VirtualMachineScaleSets'
  osDiskSizeGB: osDiskSizeGB
  count: spotWorkers
  vmSize: spotVMSize
  osType: 'Linux'
  mode: 'User'
  scaleSetPriority: 'Spot'
  scaleSetEvictionPolicy: 'Delete'
  nodeLabels: {
    'kubernetes.azure.com/scalesetpriority': 'spot'
  }
  nodeTaints: [
    'kubernetes.azure.com/scalesetpriority=spot:NoSchedule'
  ]
}

resource aks 'Microsoft.ContainerService/managedClusters@2025-10-01' = {
  name: clusterName
  location: location
  tags: tags
  // Free: no charge for the control plane, and no promise of its availability.
  sku: {
    name: 'Base'
    tier: 'Free'
  }
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    dnsPrefix: dnsPrefix
    enableRBAC: true
    // The user's kubeconfig of a cluster without Entra ID is a local account.
    disableLocalAccounts: false
    agentPoolProfiles: spotWorkers > 0 ? [systemPool, spotPool] : [systemPool]
    linuxProfile: {
      adminUsername: linuxAdminUsername
      ssh: {
        publicKeys: [
          {
            keyData: sshRSAPublicKey
          }
        ]
      }
    }
    // Without an engine, network policies are accepted and do nothing. Calico, because
    // Azure's own reserves an eighth of a 2-core node's CPU, and Cilium wants a field that
    // the client's types do not have. Overlay: pods take no addresses of the network.
    networkProfile: {
      networkPlugin: 'azure'
      networkPluginMode: 'overlay'
      networkPolicy: 'calico'
      loadBalancerSku: 'standard'
    }
    // The cluster lives for a job; an upgrade would drain its nodes in the middle.
    autoUpgradeProfile: {
      upgradeChannel: 'none'
      nodeOSUpgradeChannel: 'None'
    }
  }
}

output controlPlaneFQDN string = aks.properties.fqdn
