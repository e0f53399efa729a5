/** The style of the few pages that the server writes itself; no script, no request to anywhere else. */
export const PLAIN_STYLE = `
:root {
  color-scheme: light dark;
  --ink: #17211f; --soft: #55635f; --ground: #f4f6f4; --card: #fff; --line: #dde4e0; --go: #0b6e5c
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e8efec; --soft: #a3b1ac; --ground: #0f1514; --card: #18201e; --line: #2b3633; --go: #5fd0b5
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); line-height: 1.55;
  font-family: -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif }
main { max-width: 44rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem }
h1 { font-size: 1.75rem; line-height: 1.2; letter-spacing: -0.02em; margin: 0 0 0.5rem }
h2 { font-size: 1.05rem; margin: 0 0 0.5rem }
p, li { margin: 0 0 0.6rem }
ol { margin: 0; padding-left: 1.2rem }
section { background: var(--card); border: 1px solid var(--line); border-radius: 1rem;
  padding: 1.25rem; margin-top: 1rem }
.soft { color: var(--soft) }
code { font-family: ui-monospace, 'SF Mono', Menlo, Consolas, monospace;
  font-size: 0.92em; overflow-wrap: anywhere }
.print { display: block; background: var(--ground); border-radius: 0.6rem;
  padding: 0.75rem; margin: 0.5rem 0 0 }
.button { display: inline-block; background: var(--go); color: var(--card); text-decoration: none;
  font-weight: 600;  border-radius: 0.75rem; padding: 0.7rem 1.1rem; margin-top: 0.5rem }
.button:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px }
`

/** Where that style is served: a strict policy allows no style inside a page. */
export const PLAIN_STYLE_PATH = '/plain.css'

/** A whole page around `body`, which must already be safe HTML. */
export function plainPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="${PLAIN_STYLE_PATH}"></head>
<body><main>${body}</main></body></html>
`
}

/** Text made safe to stand inside HTML, attributes included. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** What a browser is told when the pages were never built. */
export function unbuiltPage(): string {
  return plainPage(
    'Meterhood: pages not built',
    `<h1>The pages are not built yet</h1>
<p class="soft">The gateway runs, but its pages were not compiled.</p>
<section><h2>What to do</h2><p>In the folder of Meterhood, run</p><code class="print">npm run build</code>
<p>and load this page again.</p></section>`,
  )
}
