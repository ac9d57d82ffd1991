// Lumberjack by Elastic's own client, in compressed windows of 200 events: ADDRESS TOKEN COUNT PREFIX.
package main

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"forebay.example/compat/pacer"
	client "github.com/elastic/go-lumber/client/v2"
)

const size = 200

func main() {
	address, prefix := os.Args[1], os.Args[4]
	count, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	turns := pacer.New()
	var connection *client.SyncClient
	for first := 0; first < count; first += size {
		turns.Wait(first, count)
		var events []interface{}
		for n := first; n < min(first+size, count); n++ {
			id := fmt.Sprintf("%s-%d", prefix, n)
			events = append(events, map[string]interface{}{
				"@timestamp": time.Now().UTC().Format(time.RFC3339Nano),
				"@metadata":  map[string]string{"beat": "compat", "type": "_doc", "version": "9.0.0"},
				"id":         id,
				"message":    id + " in a window",
			})
		}
		for {
			connection, err = send(connection, address, events)
			if err == nil {
				break
			}
			log.Printf("again: %v", err)
			time.Sleep(500 * time.Millisecond)
		}
		for n := range events {
			fmt.Printf("%s-%d\n", prefix, first+n)
		}
	}
}

// send sends a window and waits for its acknowledgement; a connection that failed is given up.
func send(connection *client.SyncClient, address string, events []interface{}) (*client.SyncClient, error) {
	if connection == nil {
		var err error
		connection, err = client.SyncDial(address, client.CompressionLevel(3), client.Timeout(30*time.Second))
		if err != nil {
			return nil, err
		}
	}
	if _, err := connection.Send(events); err != nil {
		_ = connection.Close()
		return nil, err
	}
	return connection, nil
}
