// Takes every step of the relay protocol, and prints one line for each; the first deviation ends it.

import { parseAddress } from './connection.mjs';
import { endSteps } from './end_steps.mjs';
import { restSteps } from './rest_steps.mjs';
import { socketSteps } from './socket_steps.mjs';
import { World } from './world.mjs';

const [text] = process.argv.slice(2);
if (text === undefined) {
  console.error('usage: node scenario.mjs <create URI>#<FP>');
  process.exit(2);
}

const world = new World(parseAddress(text));
const steps = { ...restSteps, ...socketSteps, ...endSteps };
for (const [step, take] of Object.entries(steps)) {
  try {
    await take(world);
    await world.close();
  } catch (error) {
    console.log(JSON.stringify({ step, ok: false }));
    console.error(`${step}: ${error.stack}`);
    process.exit(1);
  }
  console.log(JSON.stringify({ step, ok: true }));
}
