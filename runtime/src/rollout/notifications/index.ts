export { NOTIFICATION_OUTCOMES, type NotificationOutcome, Notifier } from './notifier';
