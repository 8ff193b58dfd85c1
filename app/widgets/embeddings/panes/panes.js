function mount() {}
