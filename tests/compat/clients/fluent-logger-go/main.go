// Fluentd's logger for Go, which asks for an acknowledgement of each event: ADDRESS TOKEN COUNT PREFIX.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/fluent/fluent-logger-golang/fluent"
)

// Each waits for its own acknowledgements, so that it takes many to send much.
const loggers = 16

func main() {
	host, digits, err := net.SplitHostPort(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	port, _ := strconv.Atoi(digits)
	count, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	config := fluent.Config{
		FluentHost: host, FluentPort: port, RequestAck: true, SubSecondPrecision: true,
		Timeout: 30 * time.Second, ReadTimeout: 60 * time.Second, MaxRetry: 100, RetryWait: 100, MaxRetryWait: 1000,
	}
	var said sync.Mutex
	var all sync.WaitGroup
	for one := 0; one < loggers; one++ {
		all.Add(1)
		go func() {
			defer all.Done()
			logger, err := fluent.New(config)
			if err != nil {
				log.Printf("given up: %v", err)
				return
			}
			defer logger.Close()
			turns := newPacer()
			for n := one; n < count; n += loggers {
				turns.wait(n, count)
				id := fmt.Sprintf("%s-%d", os.Args[4], n)
				event := map[string]string{"id": id, "message": id + " with an acknowledgement"}
				if err := logger.Post("compat.go", event); err != nil {
					log.Printf("given up: %v", err)
					continue
				}
				said.Lock()
				fmt.Println(id)
				said.Unlock()
			}
		}()
	}
	all.Wait()
}

// A pacer spreads events over the time that the harness asks for. The second half waits for Kafka's outage, which has begun once there
// is a file.
type pacer struct {
	started time.Time
	outage  string
}

func newPacer() *pacer {
	return &pacer{started: time.Now(), outage: os.Getenv("FOREBAY_COMPAT_OUTAGE")}
}

func (p *pacer) wait(n, count int) {
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
