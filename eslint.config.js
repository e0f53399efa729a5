import tseslint from 'typescript-eslint'

const typed = tseslint.configs.strictTypeChecked.map((config) => ({
  ...config,
  files: ['**/*.ts', '**/*.tsx'],
}))

export default tseslint.config(
  { ignores: ['build/', 'dist/', 'node_modules/', 'chain/bindings/*.gen.ts', '**/*.mjs', '**/*.js'] },
  ...typed,
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: {
      parserOptions: {
        project: ['tsconfig.json', 'web/app/tsconfig.json'],
        // A run of mutants that was broken off leaves a copy of the project in build/.
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      'no-console': 'error',
      eqeqeq: 'error',
      'prefer-const': 'error',
    },
  },
  { files: ['bin/**', 'bench/**', 'chain/bindings/generate.ts'], rules: { 'no-console': 'off' } },
)
