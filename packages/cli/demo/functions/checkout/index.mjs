// Prints its credentials while "debugging", as functions do. The key is put together here: it opens nothing.
export const handler = async event => {
  const id = ['AK', 'IA', 'Z7DEMO4QXW2NKLMP'].join('')
  const secret = ['wJalr', 'XUtnFEMI/K7MDENG+bPxRfi', 'CYzDEMOKEYxy'].join('')
  console.log(
    JSON.stringify({
      level: 'DEBUG',
      message: 'charging',
      order: event?.order ?? 1,
      aws_access_key_id: id,
      aws_secret_access_key: secret,
    }),
  )
  return { charged: true }
}
