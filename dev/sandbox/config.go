package sandbox

import "lastday/integrations/ldap/ldaptest"

const configText = `# The sandbox company's configuration. It holds no secret, only where to find them.
version: 1
company:
  domains: [northwind.example]
policies: [contractor.yaml]
systems:
  - name: northwind-github
    kind: github
    config:
      org: northwind
      url: http://{github}/
      app: {id: "{app}", installation: {installation}, key: env:SANDBOX_GITHUB_KEY}
      index_reads: 2000      # a small organization: look at everything at once
      invitation_walk: 2000
  - name: directory
    kind: ldap
    config:
      url: ldaps://{directory}
      flavour: active-directory
      ca: file:{dir}/corp-ca.pem
      bind: ` + robotDN + `
      password: env:SANDBOX_DIRECTORY_PASSWORD
      bases: ["` + ldaptest.Domain + `"]
      canary: ` + canaryDN + `
      groups:
        ` + desktopsDN + `: admin
        CN=Customer Data` + groupsOU + `: read
        CN=Everyone at Northwind` + groupsOU + `: sign-in
  - name: console
    kind: httpapi
    config:
      file: {dir}/support-console.yaml
      base_url: http://{console}/api/v1
  - name: crm
    kind: scim
    config:
      url: http://{crm}
      token: env:SANDBOX_CRM_TOKEN
      canary: ` + crmCanary + `
      canary_group: ` + crmAll + `
      external_id: employee_number
      role_levels: {Supervisor: admin, Agent: write}
      group_levels: {Refund approvers: write, Support EMEA: read, Everyone: sign-in}
` + databaseConfig + `  - name: custody
    kind: custody
    config:
      file: file:{dir}/custody.yaml
      max_age: 31d
      keeper: security team
  - name: office
    kind: manual
    config:
      items:
        - key: laptop
          what: company laptop
          level: read
          owner: IT desk
          instructions: Collect the laptop and lock it in device management.
          evidence: number of the return slip
          return: Hand it out again.
sources:
  - name: people
    kind: generic
    config:
      secrets:
        - {id: sandbox-1, ref: env:SANDBOX_HR_SECRET}
      read:
        url: http://{hr}{readpath}
        token: env:SANDBOX_HR_TOKEN
notify:
  - kind: file
    config: {path: "{dir}/notices.jsonl"}
gate: {per_day: 25}
ui: "{ui}/namespaces/default/workflows/case%2F{case}"
starter: {listen: "{listen}"}
encryption:
  keys:
    - {id: sandbox, secret: env:SANDBOX_KEY}
  codec_listen: "{codec}"
  codec_origins: ["{ui}"]
  codec_anonymous: true
`

const databaseConfig = `  - name: database
    kind: postgres
    config:
      dsn: env:SANDBOX_DATABASE_DSN
      canary: app
      successor: data_platform
`

const policyText = `# What a contractor loses, and when. The ceiling only falls.
version: 1
name: contractor
for: person.workerType == "contractor"
cutoff: "17:00"
stages:
  - {name: notice, at: 10 days before, time: "09:00", ceiling: write}
  - {name: handover, at: 3 days before, time: "09:00", ceiling: read}
  - {name: cut, at: last day, ceiling: none}
guards: {min_owners: 2}
watch: [1h, 1d, 7d]
tell: {after: 15m, again: 4h}
`

// appPermissions are what docs/integrations/github.md asks for.
func appPermissions() map[string]string {
	return map[string]string{
		"members": "write", "organization_administration": "write", "organization_personal_access_tokens": "write",
		"organization_personal_access_token_requests": "write", "organization_custom_org_roles": "read",
		"organization_codespaces": "write", "organization_codespaces_settings": "write", "organization_copilot_seat_management": "write", "administration": "write",
		"metadata": "read", "contents": "read", "actions": "read", "organization_hooks": "read", "organization_self_hosted_runners": "read",
		"organization_secrets": "read", "repository_hooks": "read", "secrets": "read", "organization_dependabot_secrets": "read", "organization_codespaces_secrets": "read",
	}
}
