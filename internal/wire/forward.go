package wire

// Address is one end of a forward, in the cell: a unix socket if Path isn't
// empty, else a host and a TCP port.
type Address struct {
	Host string
	Port uint32
	Path string
}

func (m *Address) fields(c *codec) {
	c.str(&m.Host, MaxName)
	c.u32(&m.Port)
	c.str(&m.Path, MaxName)
}

// Dial asks a cell's init to connect, in the cell and as the user. The answer has
// one descriptor, a connected stream socket.
type Dial struct{ To Address }

func (m *Dial) fields(c *codec) { m.To.fields(c) }

// Listen asks a cell's init for a listening socket, in the cell and as the user.
type Listen struct{ At Address }

func (m *Listen) fields(c *codec) { m.At.fields(c) }

// Listening answers Listen. One listening stream socket comes along, or two if
// the host has an address of IPv4 and one of IPv6.
type Listening struct {
	Port uint32 // that of TCP, which is another than the one asked for if that was 0
}

func (m *Listening) fields(c *codec) { c.u32(&m.Port) }

// Permit is what forwards may lead to: all unix sockets whose path matches Path,
// or, if that is empty, all hosts whose name matches Host as the client writes
// it, on Port. Both are patterns with * and ?; Port 0 is any port.
type Permit Address

func (m *Permit) fields(c *codec) { (*Address)(m).fields(c) }

// Permits are those of the user and those of her key. A forward has to match one
// of each.
type Permits struct{ User, Key []Permit }

func (m *Permits) fields(c *codec) {
	for _, l := range []*[]Permit{&m.User, &m.Key} {
		list(c, l, MaxPermits, func(c *codec, p *Permit) { p.fields(c) })
	}
}
