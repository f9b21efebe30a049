// Added to the builder's own configuration: TypeScript through swc, and icons as text.
module.exports = {
  resolve: { extensions: ['.tsx', '.ts', '.js'] },
  module: {
    rules: [
      {
        test: /\.tsx?$/,
        exclude: /node_modules/,
        loader: 'builtin:swc-loader',
        type: 'javascript/auto',
        options: {
          jsc: {
            target: 'es2022',
            parser: { syntax: 'typescript', tsx: true },
            transform: { react: { runtime: 'automatic' } },
          },
        },
      },
      {
        test: /\.css$/,
        enforce: 'pre',
        loader: 'builtin:lightningcss-loader',
        options: { minify: true },
      },
      // The builder's own rule for icons looks at imports from .js files only.
      { test: /\.svg$/, issuer: /\.tsx?$/, type: 'asset/source' },
    ],
  },
};
