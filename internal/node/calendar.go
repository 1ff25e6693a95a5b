package node

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"liandong/internal/calendar"
)

// calendarLeft is a figure at /metrics: how long the days off are known.
func calendarLeft(c *calendar.Calendar) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "liandong_calendar_left_seconds",
		Help: "Until when days off are loaded, from now; below zero deadlines are counted by weekends alone."}, func() float64 {
		end, _ := c.RunsOut(time.Now())
		return time.Until(end).Seconds()
	})
}
