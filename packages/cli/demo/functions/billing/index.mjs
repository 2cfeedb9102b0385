export const handler = async () => ({ invoices: 3 })
