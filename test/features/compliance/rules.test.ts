import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  assessCompliance,
  type Facts,
  failingInputs,
  INPUTS,
  type InputName,
  windowStart,
} from '../../../src/features/compliance/rules.ts';

const SEED = process.env['FC_SEED'];
const RUNS = 2_000;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const TODAY = '2026-11-23';
const NOW = Date.parse('2026-11-23T03:00:00Z');

/** The date so many days from today. */
const on = (days: number) => new Date(Date.parse(TODAY) + days * DAY).toISOString().slice(0, 10);

function facts(more: Partial<Facts> = {}): Facts {
  return {
    participantId: 'par',
    today: TODAY,
    now: NOW,
    services: [],
    workers: new Map(),
    documents: [],
    incidents: [],
    plans: [],
    ...more,
  };
}

const service = (more: Partial<Facts['services'][number]> = {}): Facts['services'][number] => ({
  id: 'svc',
  serviceDate: on(-1),
  workerId: 'kai',
  endedAt: NOW - 30 * HOUR,
  notedAt: NOW - 29 * HOUR,
  ...more,
});
const document = (type: string, more: Partial<Facts['documents'][number]> = {}): Facts['documents'][number] => ({
  id: type,
  type,
  validFrom: null,
  validTo: null,
  madeOn: on(-10),
  ...more,
});
/** An incident that was told of in time, both ways. */
const incident = (more: Partial<Facts['incidents'][number]> = {}): Facts['incidents'][number] => ({
  id: 'inc',
  becameAwareAt: NOW - 20 * DAY,
  notifyBy: NOW - 19 * DAY,
  notifiedAt: NOW - 19 * DAY,
  reportBy: NOW - 13 * DAY,
  reportedAt: NOW - 13 * DAY,
  ...more,
});
const plan = (from: number, to: number, id = 'pln'): Facts['plans'][number] => ({
  id,
  startDate: on(from),
  endDate: on(to),
});
const CLEARED = { status: 'cleared', expiresOn: on(400) };
const CURRENT = [plan(-100, 200)];

/** Facts to which every input applies, all of them in order. */
const inOrder = (more: Partial<Facts> = {}): Facts =>
  facts({
    services: [service()],
    workers: new Map([['kai', CLEARED]]),
    documents: [document('service_agreement'), document('assessment'), document('consent')],
    incidents: [incident()],
    plans: CURRENT,
    ...more,
  });

/** How one input stands; undefined when it does not apply. */
function look(input: InputName, about: Facts) {
  return assessCompliance(about).inputs.find((one) => one.input === input);
}
const status = (input: InputName, about: Facts) => look(input, about)?.status;

describe('worker screening', () => {
  const checked = (check: { status: string; expiresOn: string | null } | null) =>
    facts({ services: [service()], workers: new Map([['kai', check]]) });

  test.each([
    [61, 'green', []],
    [60, 'amber', [`The worker screening check expires on ${on(60)}.`]],
    [0, 'amber', [`The worker screening check expires on ${TODAY}.`]],
    [-1, 'red', [`The worker screening check expired on ${on(-1)}.`]],
  ])('that expires %i days from today is %s', (days, colour, reasons) => {
    const input = look('worker_screening', checked({ status: 'cleared', expiresOn: on(days) }));
    expect(input?.status).toBe(colour);
    expect(input?.failing.map(({ reason }) => reason)).toEqual(reasons);
  });

  test.each([
    ['pending', 'The worker screening check is pending.'],
    ['interim_barred', 'The worker screening check is interim barred.'],
    ['suspended', 'The worker screening check is suspended.'],
    ['excluded', 'The worker screening check is excluded.'],
  ])('that is %s is red, whenever it expires', (word, reason) => {
    const { failing } = look('worker_screening', checked({ status: word, expiresOn: on(400) })) ?? {};
    expect(failing).toEqual([{ entityType: 'user', entityId: 'kai', status: 'red', reason }]);
  });

  test('that is not recorded is red, and without a date of expiry amber', () => {
    expect(status('worker_screening', checked(null))).toBe('red');
    expect(status('worker_screening', facts({ services: [service()] }))).toBe('red');
    expect(status('worker_screening', checked({ status: 'cleared', expiresOn: null }))).toBe('amber');
  });

  test('is one record a worker, however many shifts they had', () => {
    const services = [service({ id: 'a' }), service({ id: 'b' }), service({ id: 'c', workerId: 'ana' })];
    const input = look('worker_screening', facts({ services, workers: new Map([['kai', CLEARED]]) }));
    expect(input).toMatchObject({ passed: 1, total: 2, failing: [{ entityId: 'ana' }] });
  });
});

describe('the service agreement', () => {
  const agreed = (...documents: Facts['documents']) => facts({ documents, plans: CURRENT });

  test.each([
    [null, 'green'],
    [31, 'green'],
    [30, 'amber'],
    [0, 'amber'],
    [-1, 'red'],
  ])('that ends %s days from today is %s', (days, colour) => {
    const validTo = days === null ? null : on(days);
    expect(status('service_agreement', agreed(document('service_agreement', { validTo })))).toBe(colour);
  });

  test('that begins tomorrow, or is of another kind, is none today', () => {
    expect(status('service_agreement', agreed(document('service_agreement', { validFrom: on(0) })))).toBe('green');
    const none = agreed(document('service_agreement', { validFrom: on(1) }), document('consent'));
    expect(look('service_agreement', none)?.failing).toEqual([
      {
        entityType: 'participant',
        entityId: 'par',
        status: 'red',
        reason: 'There is no service agreement that holds today.',
      },
    ]);
  });

  test('is judged by the one that holds longest', () => {
    const [short, long] = [10, 20].map((days) =>
      document('service_agreement', { id: `to ${days}`, validTo: on(days) }),
    ) as [Facts['documents'][number], Facts['documents'][number]];
    for (const documents of [
      [short, long],
      [long, short],
    ]) {
      expect(look('service_agreement', agreed(...documents))?.failing).toMatchObject([{ entityId: 'to 20' }]);
    }
    const open = document('service_agreement', { id: 'open' });
    expect(status('service_agreement', agreed(short, open, long))).toBe('green');
  });

  test('covers each shift from its first day to its last, and names those that it does not', () => {
    const services = [-11, -10, -5, -4].map((days) => service({ id: `${days}`, serviceDate: on(days) }));
    const documents = [document('service_agreement', { validFrom: on(-10), validTo: on(-5) })];
    const input = look('service_agreement', facts({ services, documents }));
    expect(input).toMatchObject({ status: 'red', passed: 2, total: 5 });
    expect(input?.failing.map(({ entityType, entityId }) => [entityType, entityId])).toEqual([
      ['participant', 'par'],
      ['service', '-11'],
      ['service', '-4'],
    ]);
    expect(input?.failing[1]?.reason).toBe(`No service agreement covers ${on(-11)}.`);
  });
});

describe('a shift note', () => {
  test.each([
    [-HOUR, 'green'],
    [24 * HOUR - 1, 'green'],
    [24 * HOUR, 'amber'],
    [72 * HOUR - 1, 'amber'],
    [72 * HOUR, 'red'],
  ])('that is not there %s ms after the shift is %s', (since, colour) => {
    const input = look('shift_notes', facts({ services: [service({ endedAt: NOW - since, notedAt: null })] }));
    expect(input?.status).toBe(colour);
  });

  const noted = (after: number | null) =>
    facts({
      services: [service({ endedAt: NOW - 100 * HOUR, notedAt: after === null ? null : NOW - 100 * HOUR + after })],
    });

  test.each([
    ['before the end of the shift', -HOUR, 'green', []],
    ['a millisecond less than 24 hours after it', 24 * HOUR - 1, 'green', []],
    ['24 hours after it', 24 * HOUR, 'amber', ['The shift note came 24 hours after the shift.']],
    [
      'a millisecond less than 72 hours after it',
      72 * HOUR - 1,
      'amber',
      ['The shift note came 71 hours after the shift.'],
    ],
    ['72 hours after it', 72 * HOUR, 'red', ['The shift note came 72 hours after the shift.']],
    ['never', null, 'red', ['There is no shift note.']],
  ])('that came %s is as it should be', (_, after, colour, reasons) => {
    const input = look('shift_notes', noted(after));
    expect(input?.status).toBe(colour);
    expect(input?.failing.map(({ reason }) => reason)).toEqual(reasons);
  });
});

describe('an incident', () => {
  const happened = (more: Partial<Facts['incidents'][number]>) => facts({ incidents: [incident(more)] });
  const open = { becameAwareAt: NOW - DAY, notifiedAt: null, reportedAt: null, reportBy: NOW + 5 * DAY };

  test('that was told of in time is green', () => {
    expect(look('incidents', happened({}))).toMatchObject({ status: 'green', passed: 1, total: 1, failing: [] });
  });

  test('is amber until the end of a clock that runs, and red from that instant on', () => {
    const due = look('incidents', happened({ ...open, notifyBy: NOW + 1 }));
    expect(due?.failing).toMatchObject([{ status: 'amber', reason: 'The notification is due.' }]);
    const overdue = look('incidents', happened({ ...open, notifyBy: NOW }));
    expect(overdue?.failing).toMatchObject([{ status: 'red', reason: 'The notification is overdue.' }]);
    const form = look('incidents', happened({ reportedAt: null, reportBy: NOW + 1 }));
    expect(form?.failing).toMatchObject([{ status: 'amber', reason: 'The five-day form is due.' }]);
    const formOverdue = look('incidents', happened({ reportedAt: null, reportBy: NOW }));
    expect(formOverdue?.failing).toMatchObject([{ status: 'red', reason: 'The five-day form is overdue.' }]);
  });

  test('that was told of late is red, without being a hard fail', () => {
    const late = inOrder({ incidents: [incident({ notifiedAt: NOW - 19 * DAY + 1 })] });
    expect(look('incidents', late)?.failing).toMatchObject([{ status: 'red', reason: 'The notification was late.' }]);
    expect(assessCompliance(late)).toMatchObject({ score: 85, hardFail: false });
  });

  test('that is overdue makes the score 0, whatever else is in order, and however long ago it was', () => {
    const overdue = incident({ notifiedAt: null });
    expect(assessCompliance(inOrder({ incidents: [incident(), overdue] }))).toMatchObject({ score: 0, hardFail: true });
    expect(assessCompliance(inOrder({ incidents: [incident({ reportedAt: null })] }))).toMatchObject({
      score: 0,
      hardFail: true,
    });
    const old = assessCompliance(inOrder({ incidents: [{ ...overdue, becameAwareAt: NOW - 2_000 * DAY }] }));
    expect(old).toMatchObject({ score: 0, hardFail: true });
    expect(old.inputs.find(({ input }) => input === 'incidents')?.status).toBe('red');
  });

  test('counts for 365 days once nothing is overdue', () => {
    expect(status('incidents', happened({ becameAwareAt: NOW - 365 * DAY }))).toBe('green');
    expect(status('incidents', happened({ becameAwareAt: NOW - 365 * DAY - 1 }))).toBeUndefined();
    expect(status('incidents', happened({ becameAwareAt: NOW - 365 * DAY - 1, notifiedAt: NOW }))).toBeUndefined();
  });
});

describe('the plan', () => {
  const planned = (...plans: Facts['plans']) => facts({ plans });

  test.each([
    [91, 'green'],
    [90, 'amber'],
    [0, 'amber'],
    [-1, 'red'],
  ])('that ends %i days from today is %s', (days, colour) => {
    expect(status('plan', planned(plan(-100, days)))).toBe(colour);
  });

  test('that is followed by another one is as current as that one', () => {
    const input = look('plan', planned(plan(11, 300, 'next'), plan(-100, 10)));
    expect(input).toMatchObject({ status: 'green', total: 1 });
    expect(look('plan', planned(plan(11, 50, 'next'), plan(-100, 10)))?.failing).toMatchObject([{ entityId: 'next' }]);
  });

  test('that has not begun is red until it does', () => {
    expect(status('plan', planned(plan(0, 300)))).toBe('green');
    expect(look('plan', planned(plan(1, 300), plan(-300, -1, 'last')))?.failing).toEqual([
      {
        entityType: 'plan',
        entityId: 'pln',
        status: 'red',
        reason: `There is no plan today; the next one starts on ${on(1)}.`,
      },
    ]);
  });
});

describe('the review of support plan and risks', () => {
  const reviewed = (...documents: Facts['documents']) => facts({ documents, plans: CURRENT });

  test.each([
    [366, 'green'],
    [367, 'amber'],
    [427, 'amber'],
    [428, 'red'],
  ])('%i days ago is %s', (days, colour) => {
    expect(status('review', reviewed(document('assessment', { validFrom: on(-days), madeOn: on(0) })))).toBe(colour);
    expect(status('review', reviewed(document('assessment', { madeOn: on(-days) })))).toBe(colour);
  });

  test('is the newest one that is not in the future, and named', () => {
    const [old, newer, future] = [-500, -400, 1].map((days) =>
      document('assessment', { id: `${days}`, validFrom: on(days) }),
    ) as Facts['documents'];
    const documents = [future, old, newer].filter((one) => one !== undefined);
    expect(look('review', reviewed(...documents))?.failing).toEqual([
      {
        entityType: 'document',
        entityId: '-400',
        status: 'amber',
        reason: `Support plan and risks were last reviewed on ${on(-400)}.`,
      },
    ]);
  });

  test('that never was is red, and about the participant', () => {
    expect(look('review', reviewed())?.failing).toMatchObject([{ entityType: 'participant', entityId: 'par' }]);
  });
});

test.each([
  [null, 'green'],
  [31, 'green'],
  [30, 'amber'],
  [-1, 'red'],
])('a consent that ends %s days from today is %s', (days, colour) => {
  const validTo = days === null ? null : on(days);
  expect(status('documents', facts({ documents: [document('consent', { validTo })], plans: CURRENT }))).toBe(colour);
});

describe('what does not apply', () => {
  const applies = (about: Facts) => assessCompliance(about).inputs.map(({ input }) => input);

  test('is left out: to somebody without plan, services and incidents nothing does, and there is no score', () => {
    expect(assessCompliance(facts())).toEqual({ score: null, hardFail: false, inputs: [] });
    const papers = [document('service_agreement'), document('assessment'), document('consent')];
    expect(assessCompliance(facts({ documents: papers })).score).toBeNull();
  });

  test('to somebody with a plan and no services is what is about shifts', () => {
    expect(applies(facts({ plans: CURRENT }))).toEqual(['service_agreement', 'plan', 'review', 'documents']);
  });

  test('to somebody whose plan has ended is what only those need who are served', () => {
    expect(applies(facts({ plans: [plan(-100, -1)] }))).toEqual(['plan']);
    expect(applies(facts({ plans: [plan(1, 100)] }))).toEqual(['plan']);
    expect(applies(facts({ incidents: [incident()] }))).toEqual(['incidents']);
  });

  test('to somebody with services and no plan is the plan', () => {
    expect(applies(facts({ services: [service()] }))).toEqual([
      'worker_screening',
      'service_agreement',
      'shift_notes',
      'review',
      'documents',
    ]);
  });
});

describe('the score', () => {
  test('is 100 when all is in order, and each input takes its own weight away', () => {
    const whole = assessCompliance(inOrder());
    expect(whole).toMatchObject({ score: 100, hardFail: false });
    expect(whole.inputs.map(({ input, weight }) => [input, weight])).toEqual([
      ['worker_screening', 25],
      ['service_agreement', 20],
      ['shift_notes', 20],
      ['incidents', 15],
      ['plan', 10],
      ['review', 5],
      ['documents', 5],
    ]);
    const without = (type: string) => inOrder().documents.filter((one) => one.type !== type);
    const score = (more: Partial<Facts>) => assessCompliance(inOrder(more)).score;
    expect(score({ workers: new Map() })).toBe(75);
    expect(score({ documents: without('service_agreement') })).toBe(80);
    expect(score({ services: [service({ notedAt: null, endedAt: NOW - 72 * HOUR })] })).toBe(80);
    expect(score({ incidents: [incident({ notifiedAt: NOW })] })).toBe(85);
    expect(score({ plans: [plan(-100, -1)] })).toBe(90);
    expect(score({ documents: without('assessment') })).toBe(95);
    expect(score({ documents: without('consent') })).toBe(95);
  });

  test('counts an amber record half, and each record of an input the same', () => {
    const halfNoted = [service(), service({ notedAt: service().endedAt + 25 * HOUR })];
    expect(assessCompliance(inOrder({ services: halfNoted })).score).toBe(95);
    expect(assessCompliance(inOrder({ plans: [plan(-100, 90)] })).score).toBe(95);
  });

  test('is of the inputs that apply alone', () => {
    const about = facts({ plans: CURRENT, documents: [document('service_agreement')] });
    // 20 and 10 of 20, 10, 5 and 5.
    expect(assessCompliance(about).score).toBe(75);
  });
});

describe('the failing records', () => {
  test('are named the worst first, twenty at most, and all of them counted', () => {
    const services = Array.from({ length: 30 }, (_, n) => {
      const endedAt = NOW - 80 * HOUR;
      const notedAt = n % 3 === 0 ? endedAt : n % 3 === 1 ? endedAt + 25 * HOUR : null;
      return service({ id: `${n}`, endedAt, notedAt });
    });
    const input = look('shift_notes', facts({ services }));
    expect(input).toMatchObject({ status: 'red', passed: 10, total: 30 });
    const red = ['2', '5', '8', '11', '14', '17', '20', '23', '26', '29'];
    const amber = ['1', '4', '7', '10', '13', '16', '19', '22', '25', '28'];
    expect(input?.failing.map(({ entityId }) => entityId)).toEqual([...red, ...amber]);
    const more = look('shift_notes', facts({ services: [...services, ...services.slice(0, 3)] }));
    expect(more).toMatchObject({ passed: 11, total: 33 });
    expect(more?.failing.map(({ entityId }) => entityId)).toEqual([...red, '2', ...amber.slice(0, 9)]);
  });

  test('of red inputs are what people are told of', () => {
    const { inputs } = assessCompliance(inOrder({ workers: new Map(), documents: [], plans: [plan(-100, 90)] }));
    expect(failingInputs(inputs)).toEqual([
      'worker screening',
      'service agreement',
      'support plan and risk review',
      'consent',
    ]);
  });
});

test('thirty days of services are looked at, today among them', () => {
  expect(windowStart(TODAY)).toBe('2026-10-25');
});

/** The score, computed slowly: what each record is worth in halves, and fractions without a rounding but the last. */
function slowly(about: Facts): { scores: (number | null)[]; hardFail: boolean; halves: Map<InputName, number[]> } {
  const { services, documents, incidents, plans, workers } = about;
  const days = (date: string) => Math.round((Date.parse(date) - Date.parse(TODAY)) / DAY);
  const [began, ended] = [
    (from: string | null) => from === null || days(from) <= 0,
    (to: string | null) => to !== null && days(to) < 0,
  ];
  const served = services.length > 0 || plans.some((one) => began(one.startDate) && !ended(one.endDate));
  const holdsToday = (type: string) => {
    const ends = documents
      .filter((one) => one.type === type && began(one.validFrom) && !ended(one.validTo))
      .map((one) => (one.validTo === null ? Number.POSITIVE_INFINITY : days(one.validTo)));
    if (ends.length === 0) return 0;
    return Math.max(...ends) > 30 ? 2 : 1;
  };
  const halves = new Map<InputName, number[]>();
  halves.set(
    'worker_screening',
    [...new Set(services.map(({ workerId }) => workerId))].map((id) => {
      const check = workers.get(id);
      if (check?.status !== 'cleared') return 0;
      if (check.expiresOn === null) return 1;
      const left = days(check.expiresOn);
      return left > 60 ? 2 : left >= 0 ? 1 : 0;
    }),
  );
  const covering = services.map(({ serviceDate: day }) =>
    documents.some(
      ({ type, validFrom, validTo }) =>
        type === 'service_agreement' &&
        !(validFrom !== null && validFrom > day) &&
        !(validTo !== null && validTo < day),
    )
      ? 2
      : 0,
  );
  halves.set('service_agreement', served ? [holdsToday('service_agreement'), ...covering] : []);
  halves.set(
    'shift_notes',
    services.map(({ endedAt, notedAt }) => {
      const late = (notedAt === null ? NOW : notedAt) - endedAt;
      if (late >= 72 * HOUR) return 0;
      return late >= 24 * HOUR ? 1 : 2;
    }),
  );
  const missed = (by: number | null, at: number | null) => by !== null && at === null && NOW >= by;
  const isOverdue = (one: Facts['incidents'][number]) =>
    missed(one.notifyBy, one.notifiedAt) || missed(one.reportBy, one.reportedAt);
  const told = (by: number | null, at: number | null) => {
    if (by === null) return 2;
    if (at !== null) return at > by ? 0 : 2;
    return NOW >= by ? 0 : 1;
  };
  halves.set(
    'incidents',
    incidents
      .filter((one) => isOverdue(one) || NOW - one.becameAwareAt <= 365 * DAY)
      .map((one) => Math.min(told(one.notifyBy, one.notifiedAt), told(one.reportBy, one.reportedAt))),
  );
  const last = Math.max(...plans.map(({ endDate }) => days(endDate)));
  const planned = plans.some((one) => began(one.startDate) && !ended(one.endDate));
  halves.set('plan', plans.length === 0 ? [] : [!planned ? 0 : last > 90 ? 2 : 1]);
  const ages = documents
    .filter(({ type }) => type === 'assessment')
    .map(({ validFrom, madeOn }) => -days(validFrom ?? madeOn))
    .filter((age) => age >= 0);
  const age = Math.min(...ages);
  halves.set('review', served ? [age <= 366 ? 2 : age <= 427 ? 1 : 0] : []);
  halves.set('documents', served ? [holdsToday('consent')] : []);

  const WEIGHTS = {
    worker_screening: 25,
    service_agreement: 20,
    shift_notes: 20,
    incidents: 15,
    plan: 10,
    review: 5,
    documents: 5,
  };
  // points / whole, as integers: the sum of weight · halves / (2 · records).
  let [points, whole, weights] = [0n, 1n, 0n];
  for (const input of INPUTS) {
    const records = halves.get(input) ?? [];
    if (records.length === 0) continue;
    const got = BigInt(WEIGHTS[input] * records.reduce((sum, half) => sum + half, 0));
    const of = BigInt(2 * records.length);
    [points, whole] = [points * of + got * whole, whole * of];
    weights += BigInt(WEIGHTS[input]);
  }
  const hardFail = incidents.some(isOverdue);
  if (weights === 0n) return { scores: [null], hardFail, halves };
  if (hardFail) return { scores: [0], hardFail, halves };
  const [over, under] = [200n * points + whole * weights, 2n * whole * weights];
  const rounded = Number(over / under);
  // Of thirds and sevenths, floating point may miss an exact half.
  return { scores: over % under === 0n ? [rounded, rounded - 1] : [rounded], hardFail, halves };
}

/** Days near those at which something changes. */
const near = (...marks: number[]) =>
  fc.oneof(
    fc.constantFrom(...marks.flatMap((mark) => [mark - 1, mark, mark + 1])),
    fc.integer({ min: -500, max: 500 }),
  );
const dates = (...marks: number[]) => near(...marks).map(on);
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });
const instants = fc
  .constantFrom(-400 * DAY, -365 * DAY - 1, -365 * DAY, -DAY, -1, 0, 1, DAY, 5 * DAY)
  .map((ms) => NOW + ms);

const anyFacts: fc.Arbitrary<Facts> = fc.record({
  participantId: fc.constant('par'),
  today: fc.constant(TODAY),
  now: fc.constant(NOW),
  services: fc.array(
    fc
      .record({
        id: fc.uuid(),
        serviceDate: fc.integer({ min: -29, max: 0 }).map(on),
        workerId: fc.constantFrom('kai', 'ana', 'lee', 'sam'),
        endedAt: fc.constantFrom(NOW - 200 * HOUR, NOW - 72 * HOUR, NOW - 30 * HOUR, NOW - HOUR),
        after: maybe(fc.constantFrom(-HOUR, 0, 24 * HOUR - 1, 24 * HOUR, 72 * HOUR - 1, 72 * HOUR)),
      })
      .map(({ after, ...rest }) => ({ ...rest, notedAt: after === null ? null : rest.endedAt + after })),
    { maxLength: 9 },
  ),
  workers: fc
    .dictionary(
      fc.constantFrom('kai', 'ana', 'lee'),
      maybe(
        fc.record({
          status: fc.constantFrom('cleared', 'cleared', 'cleared', 'pending', 'suspended'),
          expiresOn: maybe(dates(0, 60)),
        }),
      ),
    )
    .map((known) => new Map(Object.entries(known))),
  documents: fc.array(
    fc.record({
      id: fc.uuid(),
      type: fc.constantFrom('service_agreement', 'assessment', 'consent'),
      validFrom: maybe(dates(-428, -367, -29, 0)),
      validTo: maybe(dates(-29, 0, 30)),
      madeOn: dates(-428, -367, -1),
    }),
    { maxLength: 6 },
  ),
  incidents: fc.array(
    fc.record({
      id: fc.uuid(),
      becameAwareAt: instants,
      notifyBy: instants,
      notifiedAt: fc.oneof(instants, instants, maybe(instants)),
      reportBy: instants,
      reportedAt: fc.oneof(instants, instants, maybe(instants)),
    }),
    { maxLength: 3 },
  ),
  plans: fc.array(
    fc
      .record({ id: fc.uuid(), from: near(0), length: fc.constantFrom(0, 1, 89, 90, 91, 364) })
      .map(({ id, from, length }) => plan(from, from + length, id)),
    { maxLength: 3 },
  ),
});

describe('of any facts', () => {
  test('the score and the count of every input are what a slow computation says', () => {
    let scored = 0;
    fc.assert(
      fc.property(anyFacts, (about) => {
        const { scores, hardFail, halves } = slowly(about);
        const found = assessCompliance(about);
        expect(found.hardFail).toBe(hardFail);
        expect(scores).toContain(found.score);
        const expected = INPUTS.map((input) => [input, halves.get(input) ?? []] as const).filter(
          ([, all]) => all.length > 0,
        );
        expect(found.inputs.map(({ input, passed, total }) => [input, passed, total])).toEqual(
          expected.map(([input, all]) => [input, all.filter((half) => half === 2).length, all.length]),
        );
        if (found.score !== null && found.score > 0) scored += 1;
      }),
      { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
    );
    // Not all of them end at the hard fail.
    expect(scored).toBeGreaterThan(RUNS / 4);
  });

  test('what is named is what is not in order: the reds before the ambers, the status that of the first', () => {
    fc.assert(
      fc.property(anyFacts, (about) => {
        for (const { status: colour, passed, total, failing } of assessCompliance(about).inputs) {
          expect(failing.length).toBe(Math.min(20, total - passed));
          expect(failing.map((one) => one.status)).toEqual(
            failing
              .map((one) => one.status)
              .sort()
              .reverse(),
          );
          expect(colour).toBe(failing[0]?.status ?? 'green');
          expect(failing.every(({ reason, entityId }) => reason !== '' && entityId !== '')).toBe(true);
        }
      }),
      { numRuns: 300, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
    );
  });
});
