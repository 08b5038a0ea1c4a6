-- Messages of one lane go out in turn, and no lane waits for another. The version before does not say which: its messages go with the
-- mail. (Its index, notification_due, goes with it in a later release.)
ALTER TABLE notification ADD COLUMN lane text NOT NULL DEFAULT 'mail'
    CONSTRAINT notification_lane CHECK (lane IN ('urgent_mail', 'urgent', 'mail', 'other'));
UPDATE notification SET lane = CASE
        WHEN kind NOT IN ('verification_code', 'password_changed', 'mfa_changed', 'account_locked', 'suspicious_login') THEN 'other'
        WHEN outlet = 'email' THEN 'urgent_mail'
        ELSE 'urgent'
    END
WHERE status = 'queued'
  AND (outlet <> 'email' OR kind IN ('verification_code', 'password_changed', 'mfa_changed', 'account_locked', 'suspicious_login'));
CREATE INDEX notification_due_by_lane ON notification (lane, next_attempt_at) WHERE status = 'queued';
