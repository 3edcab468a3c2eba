import { byId, setText } from '/lookups/element.js'
import { countText, plural } from '/lookups/format.js'
import type { TrafficState } from '../live-events.ts'
import { post } from './stream.ts'

/** The button and the slider. They show the server's state, even if another page changed it. */
export function createTrafficControl() {
  const form = byId('traffic', HTMLFormElement)
  const button = byId('traffic-switch', HTMLButtonElement)
  const slider = byId('rate', HTMLInputElement)
  const rateText = byId('rate-text', HTMLOutputElement)
  const note = byId('traffic-note', HTMLElement)
  let state: TrafficState = { running: false, rate: 20, answered: 0, failed: 0 }

  async function order(running: boolean): Promise<void> {
    try {
      await post('/traffic', { running, rate: slider.valueAsNumber })
    } catch (error) {
      setText(note, String((error as Error).message))
    }
  }

  form.onsubmit = (event) => {
    event.preventDefault()
    void order(!state.running)
  }
  slider.oninput = () => setText(rateText, slider.value)
  slider.onchange = () => void order(state.running)

  return {
    show(next: TrafficState): void {
      state = next
      setText(button, state.running ? 'Stop traffic' : 'Start traffic')
      button.classList.toggle('running', state.running)
      if (document.activeElement !== slider) slider.value = String(state.rate)
      setText(rateText, String(state.rate))
      const failed = state.failed === 0 ? '' : `, and ${countText(state.failed)} failed`
      setText(note, `${plural(state.answered, 'request')} answered${failed}. Each makes 275 lookups.`)
    },
  }
}
