using '../../../../infra/main.bicep'
param environmentName = 'test'
param location = 'westeurope'
param cosmosMode = 'autoscale'
param cosmosThroughput = 4000
param sendgridApiKey = 'SG.planted'
param mailFrom = 'outlast@example.com'
param mailTo = 'you@example.com'
