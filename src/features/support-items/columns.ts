import { raw } from 'sql-template-tag';

export const SUPPORT_ITEM_COLUMNS = raw(
  `code, start_date, listed_end_date, end_date, name, registration_group, category_code, pace_category_code, unit, quotable,
  national_cents, remote_cents, very_remote_cents, non_face_to_face, provider_travel, short_notice_cancellation,
  ndia_requested_reports, irregular_sil`,
);

/** An organisation's own items, as rows of the catalogue: in their own zone columns, without flags. */
export const OWN_ITEM_COLUMNS = raw(
  `code, start_date, end_date AS listed_end_date, end_date, name, '' AS registration_group, category_code,
  category_code AS pace_category_code, unit, 0 AS quotable, national_cents, remote_cents, very_remote_cents, NULL AS non_face_to_face,
  NULL AS provider_travel, NULL AS short_notice_cancellation, NULL AS ndia_requested_reports, NULL AS irregular_sil`,
);
