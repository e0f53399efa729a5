import { escapeHtml, plainPage } from './plain-page.ts'

interface Steps {
  readonly device: string
  readonly steps: readonly string[]
}

const DEVICES: readonly Steps[] = [
  {
    device: 'Android',
    steps: [
      'Download the file above.',
      'Settings → Security → More security settings → Encryption & credentials.',
      'Install a certificate → CA certificate.',
      'Choose the file meterhood-ca.crt and confirm.',
    ],
  },
  {
    device: 'iPhone and iPad',
    steps: [
      'Download the file above in Safari and allow the profile.',
      'Settings → General → VPN & Device Management → install the profile.',
      'Settings → General → About → Certificate Trust Settings → switch it on.',
    ],
  },
  {
    device: 'Mac',
    steps: [
      'Open the file; Keychain Access asks where: choose System.',
      'Open it there, Trust → Always Trust.',
    ],
  },
  {
    device: 'Windows',
    steps: [
      'Open the file → Install Certificate → Local Machine.',
      'Place it in Trusted Root Certification Authorities.',
    ],
  },
  {
    device: 'Linux and Firefox',
    steps: [
      'Firefox: Settings → Privacy & Security → View Certificates → Authorities → Import.',
      'Chromium: Settings → Privacy and security → Security → Manage certificates → Authorities → Import.',
    ],
  },
]

/** The page on which a device is told to trust this gateway: the authority, its fingerprint and the steps. */
export function trustPage(gateway: string, fingerprint: string): string {
  return plainPage(
    `Trust ${gateway}`,
    `<h1>Trust ${escapeHtml(gateway)}</h1>
<p class="soft">This gateway lives in your home network and vouches for itself. Once this device trusts it,
the browser no longer warns and the page can be installed.</p>
<section><h2>1. Compare</h2><p>The gateway printed this fingerprint when it started. If yours differs,
stop: something else is answering in its place.</p>
<code class="print">${escapeHtml(fingerprint).replaceAll(':', ':<wbr>')}</code></section>
<section><h2>2. Download</h2><p>The certificate of this gateway’s own authority. Its key never leaves
the gateway.</p>
<a class="button" href="/trust/meterhood-ca.crt" download>Download the certificate</a></section>
<section><h2>3. Install</h2>
<p class="soft">Then follow the steps of your device, and open the gateway’s link again.</p></section>
${DEVICES.map(sectionFor).join('')}`,
  )
}

function sectionFor({ device, steps }: Steps): string {
  const items = steps.map((step) => `<li>${escapeHtml(step)}</li>`).join('')
  return `<section><h2>${device}</h2><ol>${items}</ol></section>`
}
