import { describe, expect, test } from 'vitest';
import { readCategory } from '../../../src/features/import-runs/categories.ts';
import { columnNames, columnProblems, mappingOf, proposeColumns } from '../../../src/features/import-runs/mapping.ts';

const targets = (kind: 'participants' | 'services', columns: string[]) =>
  proposeColumns(kind, { columns }).map(({ target }) => target);

describe('columns', () => {
  test.each([
    ['NDIS Number', 'ndisNumber'],
    ['NDISNumber', 'ndisNumber'],
    ['ndis_no', 'ndisNumber'],
    ['Client NDIS Number', 'ndisNumber'],
    ['Participant Number', 'ndisNumber'],
    ['participant_bp', 'ndisNumber'],
    ['Reference No', 'ndisNumber'],
    ['Given Name', 'firstName'],
    ['Surname', 'lastName'],
    ['Client Full Name', 'fullName'],
    ['Participant DOB', 'dateOfBirth'],
    ['DateOfBirth', 'dateOfBirth'],
    ['PlanStartDate', 'planStart'],
    ['Start Date', 'planStart'],
    ['PlanReviewDate', 'planEnd'],
    ['Reassessment Date', 'planEnd'],
    ['Type (Agency / Plan / Self)', 'managementType'],
    ['Fund management', 'managementType'],
    ['Type', 'managementType'],
    ['supportCategoryApi', 'category'],
    ['item_ref', 'supportItem'],
    ['Full Budget Amount', 'allocated'],
    ['Total Funding', 'allocated'],
    ['Available Budget', 'released'],
    ['Previously Used', 'spent'],
    ['Utilised', 'spent'],
    ['Balance', 'remaining'],
    ['01 Daily Life', 'allocated:01'],
    ['04 Social Participation', 'allocated:04'],
    ['Consumables', 'allocated:03'],
    ['Consumables Budget', 'allocated:03'],
    ['Improved Daily Living', 'allocated:15'],
    ['  First   Name ', 'firstName'],
    ['Favourite colour', null],
    ['Notes', null],
  ])('%s of participants is read as %s', (column, target) => {
    expect(targets('participants', [column])).toEqual([target]);
  });

  test.each([
    ['Date', 'serviceDate'],
    ['NDIS No', 'ndisNumber'],
    ['Item Code', 'supportItem'],
    ['Start', 'startTime'],
    ['Finish', 'endTime'],
    ['Worker Email', 'workerEmail'],
    ['Shift Notes', 'notes'],
    ['Qty', 'quantity'],
  ])('%s of a timesheet is read as %s', (column, target) => {
    expect(targets('services', [column])).toEqual([target]);
  });

  test('that say the same are a problem until a mapping settles it', () => {
    const columns = ['NDIS Number', 'Budget', 'Amount'];
    const columnsOf = (given?: Record<string, string | null>) => proposeColumns('participants', { columns, given });
    expect(columnProblems('participants', { columns: columnsOf() })).toEqual([
      { code: 'AMBIGUOUS_COLUMNS', message: expect.stringContaining('"Budget" and "Amount"') },
    ]);
    const given = { Amount: null };
    expect(columnProblems('participants', { columns: columnsOf(given), given })).toEqual([]);
    expect(mappingOf(columnsOf(given))).toEqual({ 'NDIS Number': 'ndisNumber', Budget: 'allocated', Amount: null });
  });

  test('that come twice, that are missing, and a mapping of none are named', () => {
    expect(columnNames(['Email', 'email', '', 'Last', '', ''])).toEqual(['Email', 'email (2)', 'Column 3', 'Last']);
    const twice = proposeColumns('participants', { columns: columnNames(['NDIS Number', 'NDIS Number']) });
    expect(columnProblems('participants', { columns: twice })[0]).toMatchObject({ code: 'AMBIGUOUS_COLUMNS' });
    const none = proposeColumns('services', { columns: ['Colour'] });
    expect(columnProblems('services', { columns: none, given: { Shade: 'notes' } }).map(({ code }) => code)).toEqual([
      'UNKNOWN_COLUMN',
      'MISSING_COLUMNS',
    ]);
  });

  test('of first and family name leave a display name alone', () => {
    expect(targets('participants', ['First Name', 'Family Name', 'Display Name'])).toEqual([
      'firstName',
      'lastName',
      null,
    ]);
  });
});

describe('a support category', () => {
  test.each([
    ['1', 1],
    ['01', 1],
    ['03 Consumables', 3],
    ['Consumables', 3],
    ['15 - Improved Daily Living Skills', 15],
    ['Assistance with Social, Economic and Community Participation', 4],
    ['Support Coordination', 7],
    ['SOCIAL_COMMUNITY_CIVIC', 4],
    ['DAILY_ACTIVITIES', 1],
    ['Home and Living', 16],
    ['Category 7', 7],
    ['21', 21],
  ])('%s is %d', (text, code) => {
    expect(readCategory(text)?.code).toBe(code);
  });

  test.each(['0', '22', 'Gardening', '03 Transport', '2026', '1.5'])('%s is none', (text) => {
    expect(readCategory(text)).toBeNull();
  });
});
