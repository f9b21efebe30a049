"""What starts and tells by itself: schedules, triggers, webhooks."""
