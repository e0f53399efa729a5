import type { JSX } from 'preact'
import type { CommunityView } from '../../../read-model.ts'
import { nowMs } from '../model/live.ts'
import { Card } from '../parts/card.tsx'
import { Banner, Note } from '../parts/frame.tsx'
import { Fact, Hero, PeriodFact } from '../parts/hero.tsx'
import { Ledger } from '../parts/ledger.tsx'
import { PowerChart } from '../parts/power-chart.tsx'
import { Steps } from '../parts/steps.tsx'
import { count, greeting } from '../words/format.ts'
import { AlarmsSent } from './alarms-sent.tsx'
import { Blocks } from './blocks.tsx'
import { CommunityTiles } from './community-tiles.tsx'
import { Members } from './members.tsx'
import { Prices } from './prices.tsx'
import { QuotaSplit } from './quota-split.tsx'
import { Totals } from './totals.tsx'

/** A community, now, as its manager sees it. */
export function CommunityPage({ community }: { readonly community: CommunityView }): JSX.Element {
  return (
    <>
      <CommunityHero community={community} />
      {community.state.away.includes('chain') ? (
        <Banner>
          The shared ledger does not answer: homes keep their readings and send them when it is back.
        </Banner>
      ) : null}
      {community.warnings.map((warning) => (
        <Note key={warning}>{warning}</Note>
      ))}
      <CommunityTiles community={community} />
      <div class="columns">
        <div class="column">
          <Card id="power-line" title="Power of the community" icon="power">
            <PowerChart
              series={community.series}
              limitW={community.contract?.powerW ?? null}
              limitName="contract"
            />
          </Card>
          <Members members={community.members} />
          <Prices prices={community.prices} />
          <Blocks blocks={community.blocks} />
        </div>
        <div class="column">
          <QuotaSplit community={community} />
          <CommunityReadings community={community} />
          <AlarmsSent alarms={community.alarmsSent} total={community.counts.alarmsSent} />
          <Totals totals={community.totals} />
        </div>
      </div>
      <Ledger chain={community.chain} />
      <p class="quiet">
        <a href="machines/">State charts</a>: what every machine of this community does, step by step.
      </p>
    </>
  )
}

function CommunityHero({ community }: { readonly community: CommunityView }): JSX.Element {
  const online = community.members.filter((member) => member.online).length
  return (
    <Hero
      over={`${greeting(nowMs.value)} · Community`}
      title={community.name}
      state={community.state.text}
      ok={community.state.phase === 'operating'}
    >
      <Fact name="Homes online">
        {count(online)} of {count(community.members.length)}
      </Fact>
      <PeriodFact period={community.period} />
    </Hero>
  )
}

function CommunityReadings({ community }: { readonly community: CommunityView }): JSX.Element {
  const { counts } = community
  const steps = [
    { name: 'Included', number: counts.included, meaning: 'readings in blocks of the ledger' },
    { name: 'Opened', number: counts.decrypted, meaning: 'decrypted and checked here' },
    { name: 'Final', number: counts.final, meaning: 'on the ledger for ever' },
  ]
  return (
    <Card id="readings" title="Readings" icon="blocks">
      <Steps steps={steps} />
      <p class="quiet">
        {counts.refused === 0
          ? 'Every reading passed the checks of this gateway.'
          : `${count(counts.refused)} did not pass the checks of this gateway.`}
        {counts.voided === 0 ? null : ` ${count(counts.voided)} void on the ledger, with the proof.`}
      </p>
    </Card>
  )
}
