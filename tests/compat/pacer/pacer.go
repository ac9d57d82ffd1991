// Package pacer is what the clients in Go share.
package pacer

import (
	"os"
	"strconv"
	"time"
)

// A Pacer spreads events over the time that the harness asks for. The second half waits for Kafka's outage, which has begun once there
// is a file.
type Pacer struct {
	started time.Time
	outage  string
}

// New starts to count the time.
func New() *Pacer {
	return &Pacer{started: time.Now(), outage: os.Getenv("FOREBAY_COMPAT_OUTAGE")}
}

// Wait until it is the turn of event n of count.
func (p *Pacer) Wait(n, count int) {
	seconds, _ := strconv.ParseFloat(os.Getenv("FOREBAY_COMPAT_SECONDS"), 64)
	turn := time.Duration(seconds * float64(n) / float64(count) * float64(time.Second))
	if n >= count/2 && p.outage != "" {
		for _, err := os.Stat(p.outage); err != nil; _, err = os.Stat(p.outage) {
			time.Sleep(50 * time.Millisecond)
		}
		p.started, p.outage = time.Now().Add(-turn), ""
	}
	time.Sleep(turn - time.Since(p.started))
}
