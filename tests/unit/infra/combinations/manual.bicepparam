using '../../../../infra/main.bicep'
param environmentName = 'test'
param location = 'westeurope'
param cosmosMode = 'manual'
param cosmosThroughput = 400
param sendgridApiKey = 'SG.planted'
param mailFrom = 'outlast@example.com'
param mailTo = 'you@example.com'
