import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sandboxGround } from '../grounds.ts';
import { draw } from '../observed/draw.ts';
import { playPage } from '../observed/page-recipe.ts';
import { type Stage, startStage } from '../observed/stage.ts';
import { realGround } from './ground.ts';

/** All 20 with `npm run test:page`. */
const seeds = [1, 2, 3].map(draw);

describe('the page’s recipe with drawn projects', () => {
  const stages: Stage[] = [];
  beforeAll(async () => {
    for (const ground of [sandboxGround, realGround]) stages.push(await startStage(ground));
  });
  afterAll(async () => {
    for (const stage of stages) await stage[Symbol.asyncDispose]();
  });

  it('loses the same projects on the sandbox and on real control planes, and some of them', async () => {
    const [sandbox, real] = await Promise.all(stages.map((stage) => playPage(stage, seeds)));
    expect(sandbox).toEqual(real);
    expect([...(real?.values() ?? [])].flat().length).toBeGreaterThan(0);
  });
});
