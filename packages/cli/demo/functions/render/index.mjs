// Big memory, small work: what a flood of requests turns into a bill.
export const handler = async event => {
  await new Promise(resolve => setTimeout(resolve, event?.ms ?? 60))
  return { rendered: true }
}
