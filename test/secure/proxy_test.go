package secure

import (
	"io"
	"net"
	"sync"
)

// proxy leads to an address, counts the connections that it was asked for, and cuts them when it is told to.
type proxy struct {
	addr string

	mu    sync.Mutex
	count int
	open  []net.Conn
}

func newProxy(target string) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	p := &proxy{addr: "localhost:" + port}
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			p.lead(near, target)
		}
	}()
	return p, err
}

func (p *proxy) lead(near net.Conn, target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
	far, err := net.Dial("tcp", target)
	if err != nil {
		_ = near.Close()
		return
	}
	p.open = append(p.open, near, far)
	pipe := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		_, _ = to.Close(), from.Close()
	}
	go pipe(far, near)
	go pipe(near, far)
}

// asked is how many connections there have been.
func (p *proxy) asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// cut ends all connections; new ones are led on.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.open {
		_ = c.Close()
	}
	p.open = nil
}
