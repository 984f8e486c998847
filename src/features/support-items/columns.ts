import { raw } from 'sql-template-tag';

export const SUPPORT_ITEM_COLUMNS = raw(
  `code, start_date, listed_end_date, end_date, name, registration_group, category_code, pace_category_code, unit, quotable,
  national_cents, remote_cents, very_remote_cents, non_face_to_face, provider_travel, short_notice_cancellation,
  ndia_requested_reports, irregular_sil`,
);
