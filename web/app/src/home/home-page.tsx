import type { JSX } from 'preact'
import type { HomeView } from '../../../read-model.ts'
import { nowMs } from '../model/live.ts'
import { Card } from '../parts/card.tsx'
import { Banner } from '../parts/frame.tsx'
import { Fact, Hero, PeriodFact } from '../parts/hero.tsx'
import { Ledger } from '../parts/ledger.tsx'
import { PowerChart } from '../parts/power-chart.tsx'
import { Steps } from '../parts/steps.tsx'
import { greeting, humidity, temperature } from '../words/format.ts'
import { Alarms, NewestAlarm } from './alarms.tsx'
import { Boards } from './boards.tsx'
import { Excesses } from './excesses.tsx'
import { MarketLine } from './market-line.tsx'
import { Refused } from './refused.tsx'
import { HomeTiles } from './home-tiles.tsx'

const AWAY_WORDS = {
  chain: 'The shared ledger does not answer: readings are kept here and sent when it is back.',
  cgw: 'The community gateway is away: metering goes on, alarms may come late.',
  boards: 'A board is silent: what it measures is missing until it is back.',
} as const

/** A home, now. */
export function HomePage({ home }: { readonly home: HomeView }): JSX.Element {
  return (
    <>
      <HomeHero home={home} />
      {home.state.away.map((part) => (
        <Banner key={part}>{AWAY_WORDS[part]}</Banner>
      ))}
      <NewestAlarm alarms={home.alarms} />
      <HomeTiles home={home} />
      {home.market === null || home.market.state.phase === 'starting' ? null : (
        <MarketLine market={home.market} buys={home.state.phase !== 'leaving'} />
      )}
      <div class="columns">
        <div class="column">
          <Excesses excesses={home.excesses} />
          <Card id="power-line" title="Power" icon="power">
            <PowerChart series={home.series} limitW={home.power.contractedW} limitName="contract" />
          </Card>
          <Alarms alarms={home.alarms} />
        </div>
        <div class="column">
          <Boards boards={home.boards} />
          <HomeReadings home={home} />
        </div>
      </div>
      <Ledger chain={home.chain} />
    </>
  )
}

function HomeHero({ home }: { readonly home: HomeView }): JSX.Element {
  const { temperatureCentiC, humidityPermille } = home.now
  return (
    <Hero
      over={`${greeting(nowMs.value)} · ${home.community.name}`}
      title={home.name}
      state={home.state.text}
      ok={home.state.phase === 'operating'}
    >
      {temperatureCentiC === null ? null : <Fact name="Indoors">{temperature(temperatureCentiC)}</Fact>}
      {humidityPermille === null ? null : <Fact name="Humidity">{humidity(humidityPermille)}</Fact>}
      <PeriodFact period={home.period} />
    </Hero>
  )
}

function HomeReadings({ home }: { readonly home: HomeView }): JSX.Element {
  const { counts } = home
  const steps = [
    { name: 'Measured', number: counts.samples, meaning: 'complete readings from the boards' },
    { name: 'Sealed', number: counts.sealed, meaning: 'encrypted for the community gateway' },
    { name: 'Sent', number: counts.submitted, meaning: 'given to the shared ledger' },
    { name: 'Final', number: counts.final, meaning: 'on the ledger for ever' },
  ]
  return (
    <Card id="readings" title="Your readings" icon="blocks">
      <Steps steps={steps} />
      <Refused refused={home.refused} total={counts.rejected} measured={counts.samples} />
    </Card>
  )
}
