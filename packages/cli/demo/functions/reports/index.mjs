// Never finishes: the far side it waits for does not answer.
export const handler = async () => {
  console.log('asking the warehouse')
  await new Promise(resolve => setTimeout(resolve, 60_000))
}
