@rem npm scripts begin with "exec", so that no shell stays between npm and node. This is exec for Windows.
@%*
