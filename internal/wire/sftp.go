package wire

// SFTP is what a key may do by the sftp subsystem.
type SFTP struct {
	Allowed bool
	Only    bool     // the forced command is the server: nothing else is to be had
	Server  string   // a program of the jail; "": ours
	Args    []string // the server's
}

func (m *SFTP) fields(c *codec) {
	c.boolean(&m.Allowed)
	c.boolean(&m.Only)
	c.str(&m.Server, MaxPath)
	c.strs(&m.Args, MaxAttrs, MaxPath, MaxText)
}
