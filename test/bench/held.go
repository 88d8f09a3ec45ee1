package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/moby/moby/api/types/container"
	"github.com/testcontainers/testcontainers-go"
)

// bare is the image that services are shipped in.
const bare = "gcr.io/distroless/static-debian12:nonroot"

// errNotHeld: there is no Docker engine here, or one that knows no quotas.
var errNotHeld = errors.New("processors can't be held to a share of a core")

// held is a processor that gets no more than a share of a core, whatever else there is: a container with a quota, in the
// network of this machine.
type held struct {
	container testcontainers.Container
	admin     string
}

// hold starts a processor of a run that gets so many cores.
func (b *bench) hold(ctx context.Context, cores float64) (*held, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	h := &held{admin: fmt.Sprintf("127.0.0.1:%d", port)}
	req := testcontainers.ContainerRequest{
		Image: bare, Entrypoint: []string{"/bench/processor"}, Cmd: append(b.flags("processor"), "--admin-addr", h.admin),
		Env:            map[string]string{"GOMAXPROCS": "1"},                                                  // two threads would use a quota up in half its period
		ConfigModifier: func(c *container.Config) { c.User = fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid()) }, // to whom the binaries belong
		HostConfigModifier: func(c *container.HostConfig) {
			c.NanoCPUs, c.NetworkMode, c.Binds = int64(cores*1e9), "host", []string{b.bin + ":/bench:ro"}
		},
	}
	h.container, err = testcontainers.GenericContainer(ctx, testcontainers.GenericContainerRequest{ContainerRequest: req, Started: true, Logger: log.New(io.Discard, "", 0)})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: start %s: %w", errNotHeld, bare, err), testcontainers.TerminateContainer(h.container))
	}
	return h, nil
}

// end stops processors as a person would, and removes their containers.
func end(ctx context.Context, all []*held) (err error) {
	for _, h := range all {
		err = errors.Join(err, h.container.Stop(ctx, nil), testcontainers.TerminateContainer(h.container))
	}
	return err
}
