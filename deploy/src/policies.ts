/** A statement of an IAM, key, bucket or resource policy, and where it stands. */
export interface Statement {
  readonly resource: string
  readonly resourceType: string
  readonly sid: string
  readonly effect: string
  readonly actions: readonly string[]
  readonly resources: readonly unknown[]
  readonly principal: unknown
  readonly condition: unknown
}

/** Every policy statement in a template, wherever it hides; both branches of an `Fn::If` count. */
export function statements(template: object): Statement[] {
  const found: Statement[] = []
  const resources = (template as { Resources: Record<string, { Type: string; Properties: unknown }> }).Resources
  for (const [resource, { Type, Properties }] of Object.entries(resources)) {
    walk(Properties, node => {
      if (!Array.isArray(node['Statement'])) return
      for (const each of node['Statement'].flatMap(branches)) {
        found.push({
          resource,
          resourceType: Type,
          sid: text(each['Sid']),
          effect: text(each['Effect']),
          actions: list(each['Action']).map(String),
          resources: list(each['Resource']),
          principal: each['Principal'],
          condition: each['Condition'],
        })
      }
    })
  }
  return found
}

/** What is too broad, in plain lines. Allowed: a key's own administration, and `*` as the resource of a key policy (it means that key). */
export function tooBroad(template: object): string[] {
  const lines: string[] = []
  for (const { resource, resourceType, sid, effect, actions, resources, principal, condition } of statements(template)) {
    if (effect !== 'Allow') continue
    const at = `${resource} ${sid}`
    const key = resourceType === 'AWS::KMS::Key'
    for (const action of actions) {
      if (action.includes('*') && !(key && sid === 'Account')) lines.push(`${at}: action ${action}`)
    }
    if (!key && resources.some(each => each === '*')) lines.push(`${at}: resource *`)
    const anyone = JSON.stringify(principal ?? '') === '{"AWS":"*"}' || principal === '*'
    if (anyone && !JSON.stringify(condition ?? '').includes('aws:PrincipalOrgID'))
      lines.push(`${at}: anyone, without a condition`)
  }
  return lines
}

type Node = Record<string, unknown>
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value])

function branches(node: unknown): Node[] {
  const condition = (node as Node | null)?.['Fn::If']
  if (Array.isArray(condition)) return condition.slice(1).flatMap(branches)
  return node && typeof node === 'object' && 'Effect' in node ? [node] : []
}

function walk(node: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(node)) for (const each of node) walk(each, visit)
  else if (node && typeof node === 'object') {
    visit(node as Node)
    for (const each of Object.values(node)) walk(each, visit)
  }
}
