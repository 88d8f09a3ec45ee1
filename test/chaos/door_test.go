package chaos

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// door is an address that leads to another one, and that can be cut off: as a network that loses everything, it holds
// back what is on its way in both directions and refuses nothing. Once mended it delivers what it held, however late, as
// TCP does.
type door struct {
	addr     string
	target   string // where it leads
	listener net.Listener

	mu    sync.Mutex
	open  chan struct{} // closed while bytes may pass
	ended chan struct{} // closed by end
}

// newDoor leads an address, of the form 127.0.0.1:PORT with 0 for any port, to the target. Who dials while nothing
// listens there is hung up on.
func newDoor(addr, target string) (*door, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	d := &door{addr: listener.Addr().String(), target: target, listener: listener, open: make(chan struct{}), ended: make(chan struct{})}
	close(d.open)
	go d.serve()
	return d, nil
}

// end closes the door and every connection through it.
func (d *door) end() {
	_ = d.listener.Close()
	close(d.ended)
}

// cutOff lets nothing through any more, whoever is connected already or connects from now on.
func (d *door) cutOff() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open = make(chan struct{})
}

// mend undoes cutOff.
func (d *door) mend() {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.open)
}

// passable waits until bytes may pass; false once the door has ended.
func (d *door) passable() bool {
	d.mu.Lock()
	open := d.open
	d.mu.Unlock()
	select {
	case <-open:
		return true
	case <-d.ended:
		return false
	}
}

func (d *door) serve() {
	for {
		near, err := d.listener.Accept()
		if err != nil {
			return
		}
		go d.join(near)
	}
}

// join carries bytes between a client and the target until both have nothing more to say.
func (d *door) join(near net.Conn) {
	defer func() { _ = near.Close() }()
	if !d.passable() {
		return
	}
	far, err := net.Dial("tcp", d.target)
	if err != nil {
		return
	}
	defer func() { _ = far.Close() }()
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.carry(far.(*net.TCPConn), near.(*net.TCPConn))
	}()
	both := make(chan struct{})
	go func() {
		defer close(both)
		d.carry(near.(*net.TCPConn), far.(*net.TCPConn))
		<-done
	}()
	select {
	case <-both:
	case <-d.ended:
	}
}

// carry copies one direction, the end of it included: also that is held back while the door is cut off. A direction
// that broke is ended both ways, so that nobody goes on sending into it.
func (d *door) carry(to, from *net.TCPConn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if !d.passable() {
			return
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				_ = from.Close()
				return
			}
		}
		if err == io.EOF {
			_ = to.CloseWrite()
			return
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}

// TestADoorHoldsBackWhatItCutsOff sends through a door before, while and after it is cut off.
func TestADoorHoldsBackWhatItCutsOff(t *testing.T) {
	t.Parallel()
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = echo.Close() }()
	go func() {
		for {
			conn, err := echo.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			}()
		}
	}()
	d, err := newDoor("127.0.0.1:0", echo.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer d.end()
	say := func(conn net.Conn, word string) {
		if _, err := io.WriteString(conn, word); err != nil {
			t.Fatal(err)
		}
	}
	hear := func(conn net.Conn, want string, within time.Duration) error {
		if err := conn.SetReadDeadline(time.Now().Add(within)); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(want))
		_, err := io.ReadFull(conn, got)
		if err == nil && string(got) != want {
			t.Fatalf("heard %q, want %q", got, want)
		}
		return err
	}
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", d.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}

	old := dial()
	say(old, "before")
	if err := hear(old, "before", 5*time.Second); err != nil {
		t.Fatalf("an open door lets nothing through: %v", err)
	}
	d.cutOff()
	late := dial()
	say(old, "held")
	say(late, "also")
	for _, conn := range []net.Conn{old, late} {
		if err := hear(conn, "h", 300*time.Millisecond); err == nil {
			t.Error("something came through a door that is cut off")
		}
	}
	d.mend()
	for conn, want := range map[net.Conn]string{old: "held", late: "also"} {
		if err := hear(conn, want, 5*time.Second); err != nil {
			t.Errorf("%q has not come once the door was mended: %v", want, err)
		}
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if err := hear(conn, "x", 5*time.Second); err != io.EOF {
			t.Errorf("the end of a connection did not come through: %v", err)
		}
	}
}
