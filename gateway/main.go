// Command framegate takes pictures in from browsers and cameras, and gives
// them out in every form a viewer can use.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // zones are looked up by name, also where the system has none

	"framegate/gateway/command"
	"framegate/gateway/logging"
	"framegate/transcode"
)

func main() {
	transcode.BecomeFFmpeg() // in the process that is about to be one, it does not return
	log.SetOutput(logging.Foreign(os.Stderr))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(command.Run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}
