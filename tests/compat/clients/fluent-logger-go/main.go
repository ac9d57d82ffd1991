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

	"forebay.example/compat/pacer"
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
			turns := pacer.New()
			for n := one; n < count; n += loggers {
				turns.Wait(n, count)
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
