import type { ImportKind } from '../imports/table.ts';

/** What a column of a participants' or plans' sheet may hold. */
export const PARTICIPANT_TARGETS = [
  'ndisNumber',
  'firstName',
  'lastName',
  'fullName',
  'preferredName',
  'dateOfBirth',
  'gender',
  'email',
  'phone',
  'mobile',
  'street',
  'suburb',
  'state',
  'postcode',
  'country',
  'pricingZone',
  'tags',
  'planNumber',
  'planStart',
  'planEnd',
  'planSystem',
  'planManager',
  'managementType',
  'category',
  'supportItem',
  'flexible',
  'allocated',
  'released',
  'spent',
  'remaining',
  'periodStart',
  'periodEnd',
] as const;

/** What a column of a timesheet may hold. */
export const SERVICE_TARGETS = [
  'ndisNumber',
  'participantName',
  'serviceDate',
  'supportItem',
  'startTime',
  'endTime',
  'quantity',
  'unitPrice',
  'workerEmail',
  'notes',
] as const;

/** What a column of a sheet of agreed own items may hold. */
export const ITEM_TARGETS = [
  'code',
  'name',
  'unit',
  'startDate',
  'endDate',
  'nationalPrice',
  'remotePrice',
  'veryRemotePrice',
] as const;

export type ParticipantTarget = (typeof PARTICIPANT_TARGETS)[number];
export type ServiceTarget = (typeof SERVICE_TARGETS)[number];
export type ItemTarget = (typeof ITEM_TARGETS)[number];

/** Without these columns a file cannot be read as its kind. */
export const NEEDED: Record<ImportKind, readonly string[]> = {
  participants: ['ndisNumber'],
  services: ['ndisNumber', 'serviceDate', 'supportItem'],
  support_catalogue: ['code', 'name', 'unit', 'startDate'],
};

/** The names that columns go by in other products' exports and the NDIA's sheets (`domain.md` §7.2, §7.3). */
const PARTICIPANT_NAMES: Record<ParticipantTarget, readonly string[]> = {
  ndisNumber: [
    'NDIS Number',
    'NDIS No',
    'NDIS',
    'Client NDIS Number',
    'Participant Number',
    'participant_bp',
    'Reference No',
    'NDIS ID',
    'NDIS Participant Number',
  ],
  firstName: ['First Name', 'Given Name', 'Given Names', 'Forename'],
  lastName: ['Last Name', 'Family Name', 'Surname'],
  fullName: [
    'Full Name',
    'Client Full Name',
    'Participant Name',
    'Display Name',
    'Client Name',
    'Name',
    'Client',
    'Participant',
  ],
  preferredName: ['Preferred Name', 'Known As', 'Nickname'],
  dateOfBirth: ['Date of Birth', 'DOB', 'Birth Date', 'Birthday'],
  gender: ['Gender', 'Sex'],
  email: ['Email', 'Email Address', 'E-mail Address', 'Client Email'],
  phone: ['Phone', 'Phone Number', 'Telephone', 'Home Phone', 'Contact Number', 'Landline'],
  mobile: ['Mobile', 'Mobile Number', 'Mobile Phone', 'Cell', 'Cell Phone'],
  street: ['Address', 'Street', 'Street Address', 'Address Line 1', 'Address 1', 'Home Address', 'Residential Address'],
  suburb: ['Suburb', 'City', 'Town', 'Locality'],
  state: ['State', 'Territory', 'State/Territory'],
  postcode: ['Postcode', 'Post Code', 'Postal Code', 'Zip'],
  country: ['Country'],
  pricingZone: ['Pricing Zone', 'Price Zone', 'Pricing Region', 'Remoteness', 'MMM', 'Zone'],
  tags: ['Tags', 'Labels', 'Groups'],
  planNumber: ['Plan Number', 'Plan No', 'Plan ID'],
  planStart: ['Plan Start Date', 'Plan Start', 'Start Date', 'Plan Commencement Date'],
  planEnd: [
    'Plan Review Date',
    'Plan End',
    'Plan End Date',
    'End Date',
    'Review Date',
    'Reassessment Date',
    'Plan Reassessment Date',
    'Expiry Date',
    'Plan Expiry Date',
    'Renewal Date',
  ],
  planSystem: ['Plan System', 'System', 'PACE'],
  planManager: ['Plan Manager', 'Plan Manager Name'],
  managementType: [
    'Management Type',
    'Fund Management',
    'Funds Management',
    'Plan Management Type',
    'Plan Management',
    'Type',
    'Type (Agency / Plan / Self)',
    'Funding Type',
    'Managed By',
  ],
  category: [
    'Support Category',
    'Product Category',
    'Category',
    'Service Category',
    'supportCategoryApi',
    'Support Category Number',
    'Support Category Name',
    'Budget Category',
  ],
  supportItem: [
    'Support Item Number',
    'Support Number',
    'Item Code',
    'Items',
    'item_ref',
    'Support Item',
    'Support Item Code',
    'Item Number',
  ],
  flexible: ['Flexible', 'Flexibility'],
  allocated: [
    'Budget',
    'Full Budget Amount',
    'Allocated Amount',
    'Allocated',
    'Service Budget Amount',
    'Amount',
    'Total Funding',
    'Budget Amount',
    'Total Budget',
    'Funding Amount',
  ],
  released: ['Released', 'Available Budget', 'Released Amount'],
  spent: ['Utilised', 'Utilized', 'Spent', 'Previously Used', 'Used', 'Amount Spent', 'Spent Amount'],
  remaining: ['Remaining', 'Remaining Amount', 'Balance', 'Available', 'Remaining Balance'],
  periodStart: ['Funding Period Start', 'Period Start', 'Funding Period Start Date', 'Period Start Date', 'Period'],
  periodEnd: ['Funding Period End', 'Period End', 'Funding Period End Date', 'Period End Date'],
};

const SERVICE_NAMES: Record<ServiceTarget, readonly string[]> = {
  ndisNumber: PARTICIPANT_NAMES.ndisNumber,
  participantName: PARTICIPANT_NAMES.fullName,
  serviceDate: [
    'Date',
    'Service Date',
    'Shift Date',
    'Date of Service',
    'Delivered From Date',
    'Supports Delivered From',
    'Support Date',
    'Start Date',
  ],
  supportItem: PARTICIPANT_NAMES.supportItem,
  startTime: ['Start', 'Start Time', 'From', 'Time In', 'Clock In', 'Shift Start'],
  endTime: ['Finish', 'End', 'End Time', 'Finish Time', 'To', 'Time Out', 'Clock Out', 'Shift End'],
  quantity: ['Quantity', 'Qty', 'Units'],
  unitPrice: ['Unit Price', 'Price', 'Rate', 'Hourly Rate'],
  workerEmail: [
    'Worker Email',
    'Worker',
    'Support Worker',
    'Staff Email',
    'Staff',
    'Employee Email',
    'Employee',
    'Carer Email',
    'Carer',
    'Support Worker Email',
  ],
  notes: ['Notes', 'Shift Notes', 'Shift Note', 'Progress Note', 'Progress Notes', 'Comments', 'Comment', 'Note'],
};

const ITEM_NAMES: Record<ItemTarget, readonly string[]> = {
  code: ['Support Item Number', 'Item Code', 'Code', 'Support Number', 'Item Number'],
  name: ['Support Item Name', 'Name', 'Item Name', 'Description'],
  unit: ['Unit', 'Unit of Measure'],
  startDate: ['Start Date', 'Start', 'From', 'Valid From'],
  endDate: ['End Date', 'End', 'To', 'Valid To'],
  nationalPrice: ['National', 'Price', 'Agreed Price', 'Rate', 'Price Limit', 'National Price'],
  remotePrice: ['Remote', 'Remote Price'],
  veryRemotePrice: ['Very Remote', 'Very Remote Price'],
};

/** A name without case and whatever stands between its words. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

function aliases(names: Record<string, readonly string[]>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(names).flatMap(([target, list]) =>
      [target, ...list].map((name) => [plainName(name), target] as const),
    ),
  );
}

/** Each kind's known column names, plain, and what they hold. */
export const ALIASES: Record<ImportKind, ReadonlyMap<string, string>> = {
  participants: aliases(PARTICIPANT_NAMES),
  services: aliases(SERVICE_NAMES),
  support_catalogue: aliases(ITEM_NAMES),
};

export const TARGETS: Record<ImportKind, readonly string[]> = {
  participants: PARTICIPANT_TARGETS,
  services: SERVICE_TARGETS,
  support_catalogue: ITEM_TARGETS,
};

/** An amount column of one category, as in `allocated:07`. */
export const AMOUNT_OF = /^allocated:(0[1-9]|1\d|2[01])$/;

/** Whether a text can be a target of the kind. */
export function isTarget(kind: ImportKind, target: string): boolean {
  return TARGETS[kind].includes(target) || (kind === 'participants' && AMOUNT_OF.test(target));
}
