CREATE TABLE `document_versions` (
	`document_id` text NOT NULL,
	`number` integer NOT NULL,
	`organization_id` text NOT NULL,
	`status` text NOT NULL,
	`file_name` text NOT NULL,
	`content_type` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`sha256` text,
	`object_key` text,
	`upload_id` text,
	`mismatch` text,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`confirmed_at` integer,
	PRIMARY KEY(`document_id`, `number`),
	FOREIGN KEY (`document_id`) REFERENCES `documents`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "document_version_status" CHECK("document_versions"."status" IN ('pending_upload', 'verifying', 'uploaded')),
	CONSTRAINT "document_version_size" CHECK("document_versions"."size_bytes" > 0),
	CONSTRAINT "document_version_object" CHECK("document_versions"."status" = 'pending_upload' OR ("document_versions"."object_key" IS NOT NULL AND "document_versions"."upload_id" IS NULL)),
	CONSTRAINT "document_version_hash" CHECK("document_versions"."status" <> 'uploaded' OR "document_versions"."sha256" IS NOT NULL),
	CONSTRAINT "document_version_mismatch_json" CHECK("document_versions"."mismatch" IS NULL OR json_valid("document_versions"."mismatch"))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `document_versions_unfinished` ON `document_versions` (`status`,`created_at`) WHERE status <> 'uploaded';--> statement-breakpoint
CREATE TABLE `document_words` (
	`organization_id` text NOT NULL,
	`word` text NOT NULL,
	`document_id` text NOT NULL,
	PRIMARY KEY(`organization_id`, `word`, `document_id`),
	FOREIGN KEY (`document_id`) REFERENCES `documents`(`id`) ON UPDATE no action ON DELETE no action
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `document_words_document` ON `document_words` (`document_id`,`word`);--> statement-breakpoint
CREATE TABLE `documents` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`participant_id` text,
	`type` text NOT NULL,
	`title` text NOT NULL,
	`valid_from` text,
	`valid_to` text,
	`tags` text NOT NULL,
	`status` text NOT NULL,
	`version` integer DEFAULT 1 NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer,
	`deleted_by` text,
	`delete_reason` text,
	`revision` integer DEFAULT 1 NOT NULL,
	`change_id` text,
	FOREIGN KEY (`organization_id`) REFERENCES `organizations`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`participant_id`) REFERENCES `participants`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "document_type" CHECK("documents"."type" IN ('service_agreement', 'plan', 'assessment', 'report', 'consent', 'incident', 'invoice', 'worker_screening', 'avatar', 'other')),
	CONSTRAINT "document_status" CHECK("documents"."status" IN ('pending_upload', 'verifying', 'uploaded', 'deleted')),
	CONSTRAINT "document_deleted" CHECK(("documents"."status" = 'deleted') = ("documents"."deleted_at" IS NOT NULL)),
	CONSTRAINT "document_tags_json" CHECK(json_valid("documents"."tags"))
) STRICT;
--> statement-breakpoint
CREATE INDEX `documents_by_creation` ON `documents` (`organization_id`,`id`);--> statement-breakpoint
CREATE INDEX `documents_by_participant` ON `documents` (`organization_id`,`participant_id`,`id`);--> statement-breakpoint
CREATE INDEX `documents_by_creator` ON `documents` (`organization_id`,`created_by`,`id`);--> statement-breakpoint
CREATE INDEX `documents_by_type` ON `documents` (`organization_id`,`type`,`id`);--> statement-breakpoint
CREATE INDEX `documents_by_status` ON `documents` (`organization_id`,`status`,`id`);--> statement-breakpoint
CREATE INDEX `documents_by_expiry` ON `documents` (`organization_id`,`valid_to`,`id`) WHERE valid_to IS NOT NULL;--> statement-breakpoint
CREATE INDEX `documents_by_participant_key` ON `documents` (`participant_id`);--> statement-breakpoint
CREATE INDEX `documents_unfinished` ON `documents` (`created_at`) WHERE status = 'pending_upload';--> statement-breakpoint
CREATE TABLE `message_mentions` (
	`user_id` text NOT NULL,
	`thread_id` text NOT NULL,
	`number` integer NOT NULL,
	`organization_id` text NOT NULL,
	`message_id` text NOT NULL,
	PRIMARY KEY(`user_id`, `thread_id`, `number`),
	FOREIGN KEY (`message_id`) REFERENCES `messages`(`id`) ON UPDATE no action ON DELETE no action
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `message_mentions_message` ON `message_mentions` (`message_id`);--> statement-breakpoint
CREATE TABLE `messages` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`thread_id` text NOT NULL,
	`number` integer NOT NULL,
	`author_id` text NOT NULL,
	`body` text NOT NULL,
	`mentions` text NOT NULL,
	`document_ids` text NOT NULL,
	`created_at` integer NOT NULL,
	`edited_at` integer,
	`deleted_at` integer,
	`revision` integer DEFAULT 1 NOT NULL,
	`change_id` text,
	FOREIGN KEY (`thread_id`) REFERENCES `threads`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`author_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "message_mentions_json" CHECK(json_valid("messages"."mentions")),
	CONSTRAINT "message_document_ids_json" CHECK(json_valid("messages"."document_ids"))
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `messages_by_number` ON `messages` (`thread_id`,`number`);--> statement-breakpoint
CREATE INDEX `messages_by_author` ON `messages` (`thread_id`,`author_id`,`number`);--> statement-breakpoint
CREATE INDEX `messages_author_key` ON `messages` (`author_id`);--> statement-breakpoint
CREATE INDEX `messages_deleted` ON `messages` (`thread_id`,`number`,`author_id`) WHERE deleted_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `thread_events` (
	`organization_id` text NOT NULL,
	`seq` integer NOT NULL,
	`kind` text NOT NULL,
	`thread_id` text NOT NULL,
	`message_id` text,
	`user_id` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`organization_id`, `seq`),
	CONSTRAINT "thread_event_kind" CHECK("thread_events"."kind" IN ('thread.created', 'thread.updated', 'thread.read', 'message.created', 'message.updated', 'message.deleted'))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `thread_events_by_age` ON `thread_events` (`at`);--> statement-breakpoint
CREATE TABLE `thread_reads` (
	`user_id` text NOT NULL,
	`thread_id` text NOT NULL,
	`organization_id` text NOT NULL,
	`number` integer NOT NULL,
	`change_id` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `thread_id`),
	FOREIGN KEY (`thread_id`) REFERENCES `threads`(`id`) ON UPDATE no action ON DELETE no action
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `thread_reads_thread` ON `thread_reads` (`thread_id`);--> statement-breakpoint
CREATE TABLE `threads` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`participant_id` text,
	`title` text NOT NULL,
	`status` text DEFAULT 'open' NOT NULL,
	`message_count` integer DEFAULT 0 NOT NULL,
	`last_message_at` integer NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`revision` integer DEFAULT 1 NOT NULL,
	`change_id` text,
	FOREIGN KEY (`organization_id`) REFERENCES `organizations`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`participant_id`) REFERENCES `participants`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "thread_status" CHECK("threads"."status" IN ('open', 'closed'))
) STRICT;
--> statement-breakpoint
CREATE INDEX `threads_by_creation` ON `threads` (`organization_id`,`id`);--> statement-breakpoint
CREATE INDEX `threads_by_last_message` ON `threads` (`organization_id`,`last_message_at`,`id`);--> statement-breakpoint
CREATE INDEX `threads_by_participant` ON `threads` (`organization_id`,`participant_id`,`id`);--> statement-breakpoint
CREATE INDEX `threads_by_status` ON `threads` (`organization_id`,`status`,`id`);--> statement-breakpoint
CREATE INDEX `threads_participant_key` ON `threads` (`participant_id`);--> statement-breakpoint
CREATE TABLE `upload_objects` (
	`object_key` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`document_id` text NOT NULL,
	`version` integer NOT NULL,
	`upload_id` text,
	`created_at` integer NOT NULL,
	`doomed` integer DEFAULT 0 NOT NULL
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `upload_objects_by_age` ON `upload_objects` (`doomed`,`created_at`);--> statement-breakpoint
CREATE INDEX `upload_objects_by_document` ON `upload_objects` (`document_id`,`version`);--> statement-breakpoint
CREATE TABLE `upload_parts` (
	`object_key` text NOT NULL,
	`number` integer NOT NULL,
	`organization_id` text NOT NULL,
	`attempt` text NOT NULL,
	`etag` text,
	PRIMARY KEY(`object_key`, `number`),
	FOREIGN KEY (`object_key`) REFERENCES `upload_objects`(`object_key`) ON UPDATE no action ON DELETE no action
) STRICT, WITHOUT ROWID;
