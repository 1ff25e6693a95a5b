// Package notify tells other programs of what happened (变更通知): CloudEvents
// by webhook, in the order of the log, each subscriber on a lane of its own, so
// that a dead one holds up nobody else. An event holds ids and no words; who
// may know more asks the API.
//
//	log ──▶ lane of a subscriber ──POST──▶ 2xx: the next one
//	            ▲                  └─────▶ anything else: the same one again, later
//	            └── its place in the log is on disk
package notify
