// Package calendar counts working time (工作时间): which days are working days
// (工作日) by the week, the public holidays and the make-up work days (调休),
// which hours of them are office hours, and when a limit runs out. Every
// deadline can explain itself, day by day. It knows nothing of cases or clocks.
//
//	      day of sending        weekend, holiday        N-th working day
//	──────●─────────────│───────────────────────│──▓▓▓▓────▓▓▓●────────▶
//	     from   not counted       not counted     09:30–13:00, 15:30–18:00
//	                                                          due (Nwd)
//
// Days and windows are data (seed/cn.csv, seed/windows.csv), by region: a
// region inherits from the one above it and adds or overrides. Times are shown
// in China's one zone, eight hours ahead of UTC without summer time, so no zone
// database is needed. Intervals are half-open.
package calendar
