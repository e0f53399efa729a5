/** Plain http on loopback, else https with the gateway's own authority. */
export function listenOptions(page: { host: string; port: number }, folder: string) {
  const loopback = page.host === '127.0.0.1' || page.host === 'localhost' || page.host === '::1'
  return loopback ? { ...page } : { ...page, https: { folder } }
}
