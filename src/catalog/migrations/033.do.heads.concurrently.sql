call add_heads();
